# Debian packages. A component is a package: what is installed with COMPONENT nae-x goes into nae-x.deb, and this is
# all that a new one needs:
#
#   install(TARGETS nae-x RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT nae-x)
#   nae_package(nae-x
#       SUMMARY "one line, no full stop"
#       DESCRIPTION "what it is for, in a sentence or two"
#       DEPENDS nae-models                # our own packages, in our own version
#       DEBIAN_DEPENDS fonts-dejavu-core  # others', when no shared library says so already
#       DEBIAN_RECOMMENDS xdg-utils DEBIAN_SUGGESTS nae-encoder
#       SECTION graphics                  # default: graphics
#       CONTROL postinst postrm           # maintainer scripts, files
#       ARCHITECTURE_ALL)                 # nothing compiled in it
#
# Shared libraries of others are found by dpkg-shlibdeps. Nothing else may be installed without a component.

set(NAE_PACKAGE_MAINTAINER "The NAE authors <nae@localhost>" CACHE STRING "Maintainer of the Debian packages")

# CPack reads variables of the top level, packages are declared below it: remembered until nae_finish_packages().
function(nae_package_setting name value)
    set_property(GLOBAL APPEND PROPERTY NAE_PACKAGE_SETTINGS ${name})
    set_property(GLOBAL PROPERTY ${name} "${value}")
endfunction()

function(nae_package component)
    cmake_parse_arguments(PARSE_ARGV 1 arg "ARCHITECTURE_ALL" "SUMMARY;DESCRIPTION;SECTION"
        "DEPENDS;DEBIAN_DEPENDS;DEBIAN_RECOMMENDS;DEBIAN_SUGGESTS;CONTROL")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SUMMARY OR NOT arg_DESCRIPTION)
        message(FATAL_ERROR "nae_package(${component}): see cmake/NaePackages.cmake")
    endif()
    string(TOUPPER ${component} upper)
    set(depends ${arg_DEBIAN_DEPENDS})
    foreach(other ${arg_DEPENDS})
        list(APPEND depends "${other} (= ${PROJECT_VERSION})")
    endforeach()
    list(JOIN depends ", " depends)
    list(JOIN arg_DEBIAN_RECOMMENDS ", " recommends)
    list(JOIN arg_DEBIAN_SUGGESTS ", " suggests)
    if(NOT arg_SECTION)
        set(arg_SECTION graphics)
    endif()
    set_property(GLOBAL APPEND PROPERTY NAE_PACKAGES ${component})
    nae_package_setting(CPACK_COMPONENT_${upper}_DESCRIPTION "${arg_SUMMARY}\n${arg_DESCRIPTION}")
    nae_package_setting(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${component})
    nae_package_setting(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${arg_SECTION})
    nae_package_setting(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${depends}")
    nae_package_setting(CPACK_DEBIAN_${upper}_PACKAGE_RECOMMENDS "${recommends}")
    nae_package_setting(CPACK_DEBIAN_${upper}_PACKAGE_SUGGESTS "${suggests}")
    if(arg_ARCHITECTURE_ALL)
        nae_package_setting(CPACK_DEBIAN_${upper}_PACKAGE_ARCHITECTURE all)
    endif()
    if(arg_CONTROL)
        list(TRANSFORM arg_CONTROL PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" REGEX "^[^/]")
        nae_package_setting(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA "${arg_CONTROL}")
    endif()
    # Every Debian package says whose it is, under its own name.
    install(FILES ${PROJECT_SOURCE_DIR}/cmake/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${component}
        COMPONENT ${component})
endfunction()

# Call once, from the top level, when every package is declared.
macro(nae_finish_packages)
    get_property(CPACK_COMPONENTS_ALL GLOBAL PROPERTY NAE_PACKAGES)
    get_property(nae_package_settings GLOBAL PROPERTY NAE_PACKAGE_SETTINGS)
    foreach(nae_package_setting ${nae_package_settings})
        get_property(${nae_package_setting} GLOBAL PROPERTY ${nae_package_setting})
    endforeach()
    set(CPACK_GENERATOR DEB)
    set(CPACK_PACKAGE_NAME nae)
    set(CPACK_PACKAGE_CONTACT ${NAE_PACKAGE_MAINTAINER})
    set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
    set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
    set(CPACK_STRIP_FILES ON)
    set(CPACK_VERBATIM_VARIABLES ON)
    set(CPACK_THREADS 0)
    set(CPACK_DEB_COMPONENT_INSTALL ON)
    set(CPACK_COMPONENTS_GROUPING IGNORE)
    set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
    set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
    # Our own shared library is no package of the system yet: DEPENDS says what needs it.
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/codec/capi)
    set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
        GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    include(CPack)
endmacro()
