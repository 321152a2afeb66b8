/* Reads a .nae picture with libnae and writes it as PPM (colour) or PGM (gray).
 *
 *   read_picture PICTURE.nae OUT.ppm [X Y WIDTH HEIGHT]
 */
#include <nae/nae.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* what) {
    fprintf(stderr, "read_picture: %s\n", what);
    return 1;
}

int main(int argc, char** argv) {
    if (argc != 3 && argc != 7) return fail("PICTURE.nae OUT.ppm [X Y WIDTH HEIGHT]");

    nae_decoder* decoder = NULL;
    nae_info info = {.struct_size = sizeof(info)};
    if (nae_open_file(argv[1], NULL, &decoder) != NAE_OK || nae_get_info(decoder, &info) != NAE_OK)
        return fail(nae_last_error());

    nae_window window = {.struct_size = sizeof(window), .width = info.width, .height = info.height};
    if (argc == 7) {
        window.x = (uint32_t)strtoul(argv[3], NULL, 10);
        window.y = (uint32_t)strtoul(argv[4], NULL, 10);
        window.width = (uint32_t)strtoul(argv[5], NULL, 10);
        window.height = (uint32_t)strtoul(argv[6], NULL, 10);
    }
    const int gray = info.layout == NAE_GRAY || info.layout == NAE_GRAY_ALPHA;
    const size_t size = (size_t)window.width * window.height * (gray ? 1 : 3);
    void* pixels = malloc(size);
    if (pixels == NULL) return fail("out of memory");
    const nae_buffer buffer = {.struct_size = sizeof(buffer),
                               .sample_type = NAE_UINT8,
                               .layout = gray ? NAE_GRAY : NAE_RGB,
                               .data = pixels,
                               .size = size};
    if (nae_read(decoder, &window, &buffer, NULL, NULL) != NAE_OK) return fail(nae_last_error());
    nae_close(decoder);

    FILE* file = fopen(argv[2], "wb");
    if (file == NULL) return fail("cannot create the output");
    fprintf(file, "P%d\n%u %u\n255\n", gray ? 5 : 6, (unsigned)window.width, (unsigned)window.height);
    const int written = fwrite(pixels, 1, size, file) == size;
    if (fclose(file) != 0 || !written) return fail("cannot write the output");
    free(pixels);
    return 0;
}
