/* NAE, a learned image codec: the C interface of libnae.
 *
 * Reading a picture:
 *
 *   nae_decoder* decoder = NULL;
 *   nae_info info = {sizeof(info)};
 *   if (nae_open_file("photo.nae", NULL, &decoder) != NAE_OK || nae_get_info(decoder, &info) != NAE_OK) {
 *       fprintf(stderr, "%s\n", nae_last_error());
 *   }
 *   uint8_t* pixels = malloc((size_t)info.width * info.height * info.bands);
 *   nae_read_window(decoder, 0, 0, info.width, info.height, pixels, 0, 0, 0);
 *   nae_close(decoder);
 *
 * Conventions:
 *  - Functions that can fail return a nae_result; nae_last_error() then says what was wrong with which file,
 * field and value. On success it is left alone.
 *  - Structs start with struct_size, set by the caller to sizeof: later versions append members, and what an
 * older caller does not know keeps its default.
 *  - Strings are UTF-8. Pixels are 8-bit, bands 1 (gray) or 3 (RGB). Nothing here throws or exits.
 *  - Reading needs the model that the picture names (searched in the folders of NAE_MODEL_PATH, beside the
 * library, and in the installation) unless the picture embeds it. Encoding also needs the module
 * nae_torch.so. */
#ifndef NAE_NAE_H_
#define NAE_NAE_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define NAE_API
#else
#define NAE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Values are part of the interface: only ever appended to. */
typedef enum nae_result {
    NAE_OK = 0,
    NAE_ERROR_IO = 1,                   /* the operating system refused */
    NAE_ERROR_NOT_NAE = 2,              /* not a .nae file */
    NAE_ERROR_TRUNCATED = 3,            /* ends before it should */
    NAE_ERROR_CORRUPT = 4,              /* contradicts itself or a CRC */
    NAE_ERROR_UNSUPPORTED = 5,          /* valid, but not for this version */
    NAE_ERROR_LIMIT_EXCEEDED = 6,       /* larger than a limit, or out of memory */
    NAE_ERROR_MODEL_NOT_FOUND = 7,      /* no model with the picture's ID anywhere */
    NAE_ERROR_MODEL_MISMATCH = 8,       /* a model that is not what it claims to be */
    NAE_ERROR_INVALID_ARGUMENT = 9,     /* a call that makes no sense */
    NAE_ERROR_CANCELLED = 10,           /* the progress callback said stop */
    NAE_ERROR_ENCODER_UNAVAILABLE = 11, /* nae_torch.so cannot be opened, or the model cannot encode */
    NAE_ERROR_INTERNAL = 12             /* a bug of ours */
} nae_result;

/* "0.1.0". Static storage, as all texts below. */
NAE_API const char* nae_version(void);
/* A short English name of a result. */
NAE_API const char* nae_result_text(nae_result result);
/* The last failure of this thread, or "". Valid until the thread's next failing call. */
NAE_API const char* nae_last_error(void);

/* ---- reading
 * -------------------------------------------------------------------------------------------------- */

/* One open picture. Reads from several threads at once are allowed; closing is not while one runs. */
typedef struct nae_decoder nae_decoder;

typedef struct nae_decoder_options {
    uint32_t struct_size;
    int32_t threads;      /* computing threads of one read; 0 (default): all cores */
    int32_t lenient;      /* 0 (default): a damaged tile fails the read; 1: it becomes mid-gray */
    uint32_t reserved;    /* 0 */
    uint64_t cache_bytes; /* decoded latents kept between reads; default 64 MiB */
    uint64_t max_pixels;  /* larger pictures are refused; default 2^34 */
} nae_decoder_options;

typedef struct nae_info {
    uint32_t struct_size;
    uint32_t width;    /* pixels */
    uint32_t height;   /* pixels */
    int32_t bands;     /* 1: gray, 3: RGB */
    int32_t tile_size; /* pixels */
    int32_t effort;    /* 1..9 */
    double quality;    /* 1..100 */
    uint8_t model_id[8];
    char model_name[65]; /* zero-terminated */
    uint8_t has_embedded_model;
} nae_info;

/* Sets every member, struct_size included, to its default. */
NAE_API void nae_decoder_options_init(nae_decoder_options* options);

/* Opens a picture; options may be NULL. *out is NULL after a failure. */
NAE_API nae_result nae_open_file(const char* path, const nae_decoder_options* options, nae_decoder** out);
/* The same for a picture in memory, which is not copied and must outlive the decoder. */
NAE_API nae_result nae_open_memory(const void* bytes, size_t size, const nae_decoder_options* options,
                                   nae_decoder** out);

/* Fills the members that info->struct_size covers. */
NAE_API nae_result nae_get_info(const nae_decoder* decoder, nae_info* info);

/* A metadata value (see format/FORMAT.md, mETA), which may contain zero bytes; *value belongs to the decoder
 * and is NULL where there is none, which is not an error. */
NAE_API nae_result nae_get_metadata(const nae_decoder* decoder, const char* domain, const char* key,
                                    const void** value, size_t* size);

/* Decodes pixels [x, x + width) x [y, y + height), which must lie inside the picture.
 * Strides in bytes: from pixel to pixel, row to row, band to band. All three 0: dense, interleaved. */
NAE_API nae_result nae_read_window(const nae_decoder* decoder, uint32_t x, uint32_t y, uint32_t width,
                                   uint32_t height, uint8_t* pixels, ptrdiff_t pixel_stride,
                                   ptrdiff_t row_stride, ptrdiff_t band_stride);

/* NULL is allowed. */
NAE_API void nae_close(nae_decoder* decoder);

/* ---- writing
 * -------------------------------------------------------------------------------------------------- */

/* Called from the encoding thread with the fraction done; 0 cancels. */
typedef int (*nae_progress)(double fraction, void* user);

typedef struct nae_encoder_options {
    uint32_t struct_size;
    int32_t effort;        /* 1..9, default 5; costs encoding time only */
    double quality;        /* 1..100, default 75 */
    int32_t tile_size;     /* pixels, power of two in 64..4096, default 512 */
    int32_t threads;       /* 0 (default): all cores */
    int32_t embed_model;   /* 1: store the model's decoding part in the file; default 0 */
    int32_t preview;       /* -1 (default): for pictures over 4 megapixels; 0: never; 1: always */
    const char* model;     /* name or path of a .nam file; NULL (default): "photo" */
    nae_progress progress; /* NULL (default): none */
    void* user;            /* passed to progress */
} nae_encoder_options;

NAE_API void nae_encoder_options_init(nae_encoder_options* options);

/* A picture in memory: interleaved rows; row_stride in bytes, 0 = dense. */
typedef struct nae_picture {
    const uint8_t* pixels;
    uint32_t width;
    uint32_t height;
    int32_t bands;    /* 1 or 3 */
    int32_t reserved; /* 0 */
    ptrdiff_t row_stride;
} nae_picture;

/* Encodes to a file, which appears complete or not at all. options may be NULL. */
NAE_API nae_result nae_encode_file(const nae_picture* picture, const nae_encoder_options* options,
                                   const char* path);
/* Encodes to memory; release *bytes with nae_free(). *bytes is NULL after a failure. */
NAE_API nae_result nae_encode_memory(const nae_picture* picture, const nae_encoder_options* options,
                                     void** bytes, size_t* size);
NAE_API void nae_free(void* bytes);

#ifdef __cplusplus
}
#endif

#endif /* NAE_NAE_H_ */
