# bash completion for nae and nae-thumbnailer
_nae() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]:-} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "encode decode info compare models --help --version" -- "$current")
        return
    fi
    case $previous in
        --model)
            mapfile -t COMPREPLY < <(compgen -W "$(nae models 2>/dev/null | awk '$1 != "-" { print $1 }')" -- "$current")
            [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -X '!*.nam' -- "$current")
            return ;;
        --tile-size) words="64 128 256 512 1024 2048 4096" ;;
        --tune) words="psnr ssim" ;;
        -e | --effort) words="1 2 3 4 5 6 7 8 9" ;;
        -f | --format) words="PNG GTiff JPEG WEBP COG PNM BMP" ;;
        -q | --quality | -w | --window | --threads | --co) return ;;
    esac
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi
    case $command in
        encode) words="-q --quality -e --effort --tune --model --embed-model --tile-size --threads --quiet --co --help" ;;
        decode) words="-f --format -w --window --lenient --threads --quiet --co --help" ;;
        info) words="--json --help" ;;
        compare) words="--csv --heatmap --json --help" ;;
        models) words="--json --help" ;;
    esac
    case $current in
        -*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
        *)
            compopt -o filenames 2>/dev/null
            case $command in
                decode | info) mapfile -t COMPREPLY < <(compgen -f -X '!*.nae' -- "$current"; compgen -d -- "$current") ;;
                encode | compare) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
            esac ;;
    esac
}
complete -F _nae nae
