# What is linked against nae_hardening meets bytes from strangers, so a mistake in it should end the process rather than
# hand it over: checked buffers and stack frames, read-only relocation tables, indirect jumps to marked places only.
# tests/architecture/check_hardening.py looks at the binaries.
option(NAE_HARDEN "Compile what reads files with the compiler's protections" ON)
add_library(nae_hardening INTERFACE)
if(NAE_HARDEN AND NOT NAE_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    # _FORTIFY_SOURCE works on optimised code only, and warns elsewhere.
    target_compile_options(nae_hardening INTERFACE -fstack-protector-strong
        $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE>
        $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-D_FORTIFY_SOURCE=2>)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86")
        target_compile_options(nae_hardening INTERFACE -fcf-protection=full)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
        target_compile_options(nae_hardening INTERFACE -mbranch-protection=standard)
    endif()
    if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
        target_link_options(nae_hardening INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    endif()
endif()
