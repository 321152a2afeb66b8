/* Writes a PPM (colour) or PGM (gray) picture of 8 bits as .nae with libnae.
 *
 *   write_picture IN.ppm PICTURE.nae [QUALITY [MODEL]]
 */
#include <nae/nae.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* what) {
    fprintf(stderr, "write_picture: %s\n", what);
    return 1;
}

/* Shown on a terminal; returning 0 would cancel. */
static int progress(double fraction, void* user) {
    fprintf((FILE*)user, "\r%3.0f %%", 100 * fraction);
    return 1;
}

int main(int argc, char** argv) {
    if (argc < 3 || argc > 5) return fail("IN.ppm PICTURE.nae [QUALITY [MODEL]]");

    FILE* file = fopen(argv[1], "rb");
    char kind = 0;
    unsigned width = 0, height = 0, largest = 0;
    if (file == NULL) return fail("cannot open the input");
    if (fscanf(file, "P%c %u %u %u", &kind, &width, &height, &largest) != 4 || (kind != '5' && kind != '6') ||
        largest != 255 || width == 0 || height == 0 || width > 100000 || height > 100000)
        return fail("the input is no binary PPM or PGM of 8 bits without comments");
    fgetc(file); /* the one white space before the pixels */
    const size_t size = (size_t)width * height * (kind == '6' ? 3 : 1);
    void* pixels = malloc(size);
    if (pixels == NULL || fread(pixels, 1, size, file) != size) return fail("cannot read the input");
    fclose(file);

    const nae_metadata_item software = {.domain = "", .key = "SOFTWARE", .value = "write_picture", .size = 13};
    const nae_picture picture = {.struct_size = sizeof(picture),
                                 .width = width,
                                 .height = height,
                                 .sample_type = NAE_UINT8,
                                 .layout = kind == '6' ? NAE_RGB : NAE_GRAY,
                                 .pixels = pixels,
                                 .metadata = &software,
                                 .metadata_count = 1};
    nae_encoder_options options = {.struct_size = sizeof(options), .progress = progress, .user = stderr};
    if (argc > 3) options.quality = strtod(argv[3], NULL);
    if (argc > 4) options.model = argv[4];
    if (nae_encode_file(&picture, &options, argv[2]) != NAE_OK) return fail(nae_last_error());
    fputc('\n', stderr);
    free(pixels);
    return 0;
}
