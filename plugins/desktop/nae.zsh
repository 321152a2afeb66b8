#compdef nae
# zsh completion for nae
_nae_models() {
    local -a names
    names=(${(f)"$(nae models 2>/dev/null | awk '$1 != "-" { print $1 }')"})
    _alternative 'models:model:compadd -a names' 'files:model file:_files -g "*.nam"'
}
_nae() {
    local -a commands common
    commands=(
        'encode:make a .nae file of a picture'
        'decode:make a picture of a .nae file'
        'info:say what a .nae file holds'
        'compare:PSNR, SSIM and MS-SSIM of two pictures'
        'models:list the models that are installed'
    )
    common=('--threads[computing threads]:number' '--quiet[no progress bar]' '*--co[creation option]:NAME=VALUE' '--help[help]')
    if (( CURRENT == 2 )); then
        _describe command commands
        _arguments '--help[help]' '--version[version]'
        return
    fi
    case $words[2] in
        encode)
            _arguments $common {-q,--quality}'[1 to 100]:quality' {-e,--effort}'[1 to 9]:effort:(1 2 3 4 5 6 7 8 9)' \
                '--tune[what to go by]:measure:(psnr ssim)' \
                '--model[model]:model:_nae_models' '--embed-model[store the model in the file]' \
                '--tile-size[pixels]:size:(64 128 256 512 1024 2048 4096)' '2:picture:_files' '3:.nae file:_files' ;;
        decode)
            _arguments $common {-f,--format}'[GDAL format]:format:(PNG GTiff JPEG WEBP COG PNM BMP)' \
                {-w,--window}'[only these pixels]:x: :y: :width: :height' '--lenient[damaged tiles become gray]' \
                '2:.nae file:_files -g "*.nae"' '3:picture:_files' ;;
        info) _arguments '--json[JSON]' '--help[help]' '*:.nae file:_files -g "*.nae"' ;;
        compare)
            _arguments '--csv[figures as CSV]:file:_files' '--heatmap[differences as PNG]:file:_files' '--json[JSON]' \
                '--help[help]' '2:original:_files' '3:other:_files' ;;
        models) _arguments '--json[JSON]' '--help[help]' ;;
    esac
}
_nae "$@"
