/* NAE, a learned image codec: the C interface of libnae.
 *
 * Reading a picture as 8-bit RGBA:
 *
 *   nae_decoder* decoder = NULL;
 *   nae_info info = {.struct_size = sizeof(info)};
 *   if (nae_open_file("photo.nae", NULL, &decoder) != NAE_OK || nae_get_info(decoder, &info) != NAE_OK)
 *       die(nae_last_error());
 *   size_t size = (size_t)info.width * info.height * 4;
 *   nae_buffer buffer = {.struct_size = sizeof(buffer), .sample_type = NAE_UINT8, .layout = NAE_RGBA,
 *                        .data = malloc(size), .size = size};
 *   if (nae_read(decoder, NULL, &buffer, NULL, NULL) != NAE_OK) die(nae_last_error());
 *   nae_close(decoder);
 *
 * Writing one:
 *
 *   nae_picture picture = {.struct_size = sizeof(picture), .width = 640, .height = 480,
 *                          .sample_type = NAE_UINT8, .layout = NAE_RGB, .pixels = pixels};
 *   nae_encoder_options options = {.struct_size = sizeof(options), .quality = 90};
 *   if (nae_encode_file(&picture, &options, "photo.nae") != NAE_OK) die(nae_last_error());
 *
 * Conventions:
 *  - Functions that can fail return a nae_result; nae_last_error() then says what was wrong with which file,
 *    field and value. On success it is left alone. Nothing here throws, exits or prints.
 *  - Structs start with struct_size, which the caller sets to sizeof; members left 0 mean the default. Later
 *    versions append members; what an older caller does not know keeps its default.
 *  - Strings are UTF-8 and zero-terminated unless a size stands beside them. Strides and sizes are in bytes,
 *    pictures in pixels, row 0 at the top.
 *  - Functions may be called from any thread. One decoder may be read by several threads at once.
 *  - Reading needs the model that the picture names (searched in the folders of NAE_MODEL_PATH, near the
 *    library, and in the installation) unless the picture embeds it. Header, metadata and preview need no
 *    model. */
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

/* Values of enumerations are part of the interface: only ever appended to. */
typedef enum nae_result {
    NAE_OK = 0,
    NAE_ERROR_IO = 1,                   /* the operating system, or a callback, refused */
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

/* What one sample is. */
typedef enum nae_sample_type {
    NAE_SAMPLES_NATIVE = 0, /* as the picture stores them */
    NAE_UINT8 = 1,          /* 0..255 */
    NAE_UINT16 = 2,         /* 0..65535, in the machine's byte order */
    NAE_FLOAT32 = 3,        /* IEEE 754, in the machine's byte order; 0..1 for pictures of integers */
    NAE_INT16 = 4,          /* these three are not converted: pictures of such samples can be had only so */
    NAE_UINT32 = 5,
    NAE_INT32 = 6
} nae_sample_type;

/* What the samples of one pixel are, in memory order. */
typedef enum nae_layout {
    NAE_LAYOUT_NATIVE = 0, /* every band of the picture, in its order */
    NAE_GRAY = 1,
    NAE_GRAY_ALPHA = 2, /* alpha is straight, not premultiplied; largest value: opaque */
    NAE_RGB = 3,
    NAE_RGBA = 4
} nae_layout;

/* "0.1.0". Static storage. */
NAE_API const char* nae_version(void);
/* A short English name of a result. Static storage. */
NAE_API const char* nae_result_text(nae_result result);
/* The last failure of this thread, or "". Valid until the thread's next failing call. */
NAE_API const char* nae_last_error(void);
/* 1 if a file that starts with these bytes is a .nae picture; needs 8 of them, and says 0 for fewer. */
NAE_API int nae_has_signature(const void* bytes, size_t size);

/* Called now and then, in the thread that called the function it was given to, with the fraction done (0..1).
 * 0 cancels: the function soon returns NAE_ERROR_CANCELLED. */
typedef int (*nae_progress)(double fraction, void* user);

/* ---- reading ---------------------------------------------------------------------------------------- */

/* One open picture. */
typedef struct nae_decoder nae_decoder;

typedef struct nae_decoder_options {
    uint32_t struct_size;
    int32_t threads;      /* computing threads of one read; 0: all cores */
    int32_t lenient;      /* 0: a damaged tile fails the read; 1: it becomes mid-gray and is reported */
    uint32_t reserved;    /* 0 */
    uint64_t cache_bytes; /* decoded latents kept between reads; 0: 64 MiB */
    uint64_t max_pixels;  /* width * height; 0: 2^34. See the limits below */
    /* Called for every damaged tile of a lenient read; from any thread, one call at a time. NULL: none. */
    void (*damage)(const char* message, void* user);
    void* user; /* passed to damage */
    /* Limits: a file that asks for more is refused with NAE_ERROR_LIMIT_EXCEEDED before memory is taken.
     * docs/reliability.md says what the defaults (0) mean together. */
    uint64_t max_tiles;                /* 0: 2^22 */
    uint64_t max_metadata_bytes;       /* inflated; 0: 64 MiB */
    uint64_t max_model_bytes;          /* an embedded model; 0: 64 MiB */
    uint64_t max_operations_per_pixel; /* of the model's networks; 0: 65536 */
    uint64_t max_tensor_bytes;         /* working memory of one thread; 0: 1 GiB */
} nae_decoder_options;

/* Where a picture's bytes come from, when neither file nor memory. */
typedef struct nae_source {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    uint64_t size;     /* of the whole file, bytes */
    /* Reads exactly n bytes from offset (offset + n <= size); returns 1, or 0 when it cannot. Calls come
     * from several threads, one at a time. */
    int (*read)(void* user, uint64_t offset, void* bytes, size_t n);
    void (*release)(
        void* user);  /* called once, when the bytes are needed no more, or opening failed; may be NULL */
    void* user;       /* passed to both */
    const char* name; /* for messages; NULL: "stream" */
} nae_source;

typedef struct nae_info {
    uint32_t struct_size;
    uint32_t width;      /* pixels */
    uint32_t height;     /* pixels */
    int32_t bands;       /* samples of a pixel as stored */
    int32_t sample_type; /* nae_sample_type as stored */
    int32_t layout;      /* nae_layout as stored; NAE_LAYOUT_NATIVE when none of the others describes it */
    int32_t levels;      /* 1, plus the number of overviews */
    int32_t tile_size;   /* pixels */
    int32_t effort;      /* 1..9, that it was written with */
    int32_t orientation; /* 1..8 as EXIF defines it, 1 when unknown: how to turn the pixels for display */
    double quality;      /* 1..100 */
    uint8_t model_id[8]; /* what decodes it */
    char model_name[65]; /* informative */
    uint8_t has_embedded_model;
    uint8_t has_preview;
} nae_info;

/* Opens a picture and reads everything but the pixels; options may be NULL. *out is NULL after a failure. A
 * missing model is found out by the first read. */
NAE_API nae_result nae_open_file(const char* path, const nae_decoder_options* options, nae_decoder** out);
/* The same for a picture in memory, which is not copied and must outlive the decoder. */
NAE_API nae_result nae_open_memory(const void* bytes, size_t size, const nae_decoder_options* options,
                                   nae_decoder** out);
/* The same through callbacks. The source itself is copied; what `user` points to stays in use until release. */
NAE_API nae_result nae_open_source(const nae_source* source, const nae_decoder_options* options,
                                   nae_decoder** out);

/* Fills the members that info->struct_size covers. */
NAE_API nae_result nae_get_info(const nae_decoder* decoder, nae_info* info);

/* An item of metadata (format/FORMAT.md, mETA). Domain "NAE" holds ICC, EXIF, XMP and the georeference. */
typedef struct nae_metadata_item {
    const char* domain; /* "" for plain text about the picture */
    const char* key;
    const void* value; /* may contain zero bytes; a zero byte not counted by size follows */
    size_t size;
} nae_metadata_item;

/* The value of one item; *value belongs to the decoder and is NULL where there is none, which is no error. */
NAE_API nae_result nae_get_metadata(const nae_decoder* decoder, const char* domain, const char* key,
                                    const void** value, size_t* size);
/* Number of items; 0 for NULL. */
NAE_API size_t nae_metadata_count(const nae_decoder* decoder);
/* Item `index`, from 0; its pointers belong to the decoder. */
NAE_API nae_result nae_get_metadata_item(const nae_decoder* decoder, size_t index, nae_metadata_item* item);

/* The small picture (at most 128x128) that a file may carry; needs no model. */
typedef struct nae_preview {
    uint32_t struct_size;
    uint32_t width;
    uint32_t height;
    int32_t layout;        /* NAE_GRAY or NAE_RGB, 8 bits */
    const uint8_t* pixels; /* dense, interleaved; belongs to the decoder; NULL when there is none */
} nae_preview;
/* Takes the preview apart when first called; opening the picture checks its size, and here a damaged one is
 * NAE_ERROR_CORRUPT. */
NAE_API nae_result nae_get_preview(const nae_decoder* decoder, nae_preview* preview);

/* Part of a picture. It must lie inside. */
typedef struct nae_window {
    uint32_t struct_size;
    uint32_t level; /* 0: full resolution; n: overview n, in whose pixels the other members count */
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} nae_window;

/* Where pixels go to. What the picture has not is made up: gray becomes R = G = B, alpha opaque. What the
 * buffer has not is left out: alpha is dropped (not blended), and colour becomes luma (Rec. 709 weights on the
 * values as they are). Integers are scaled so that the largest values correspond, and rounded to nearest. */
typedef struct nae_buffer {
    uint32_t struct_size;
    int32_t sample_type; /* nae_sample_type */
    int32_t layout;      /* nae_layout */
    uint32_t reserved;   /* 0 */
    void* data;          /* the window's first sample, aligned for its type */
    size_t size;         /* bytes at data; a read that does not fit is refused before it begins */
    size_t row_stride;   /* bytes from row to row; 0: dense */
    size_t band_stride;  /* 0: interleaved; else planes, and this is the bytes from one to the next */
} nae_buffer;

/* Decodes a window; NULL means the whole picture at full resolution. A window's pixels equal the same part of
 * the whole, for any window, number of threads and machine. progress may be NULL. After an error the buffer's
 * contents are unspecified. */
NAE_API nae_result nae_read(const nae_decoder* decoder, const nae_window* window, const nae_buffer* buffer,
                            nae_progress progress, void* user);

/* NULL is allowed. Not while another thread reads. */
NAE_API void nae_close(nae_decoder* decoder);

/* ---- writing ---------------------------------------------------------------------------------------- */

/* A picture to be written: its pixels in memory, or a callback that delivers them. */
typedef struct nae_picture {
    uint32_t struct_size;
    uint32_t width;
    uint32_t height;
    int32_t sample_type; /* not NATIVE */
    int32_t layout;      /* not NATIVE */
    uint32_t reserved;   /* 0 */
    const void* pixels;  /* interleaved; NULL: read_rows is called instead */
    size_t row_stride;   /* bytes from row to row of `pixels`; 0: dense */
    /* Writes rows [y, y + count) densely and interleaved to `rows`; returns 1, or 0 when it cannot. Every row is
     * asked for once, in order, in the thread that called nae_encode; in two such passes for samples other
     * than NAE_UINT8, whose range is found first. */
    int (*read_rows)(void* user, uint32_t y, uint32_t count, void* rows);
    void* user;                        /* passed to read_rows */
    const nae_metadata_item* metadata; /* stored with the picture; may be NULL */
    size_t metadata_count;
} nae_picture;

typedef enum nae_preview_mode {
    NAE_PREVIEW_AUTOMATIC = 0, /* for large pictures */
    NAE_PREVIEW_ALWAYS = 1,
    NAE_PREVIEW_NEVER = 2
} nae_preview_mode;

/* What the encoder makes large for the bits it spends: PSNR, or structural similarity, for which errors count less in busy
 * parts of the picture than in calm ones. */
typedef enum nae_tune { NAE_TUNE_PSNR = 0, NAE_TUNE_SSIM = 1 } nae_tune;

typedef struct nae_encoder_options {
    uint32_t struct_size;
    int32_t effort;        /* 1..9, costs encoding time only, 7 and above much of it; 0: 5 */
    double quality;        /* 1..100, fractions allowed; 0: 75 */
    int32_t tile_size;     /* pixels, power of two in 64..4096; 0: 512 */
    int32_t threads;       /* 0: all cores */
    int32_t embed_model;   /* 1: store the model's decoding part in the file */
    int32_t preview;       /* nae_preview_mode */
    const char* model;     /* name, or path of a .nam file; NULL: "photo" */
    nae_progress progress; /* NULL: none */
    void* user;            /* passed to progress */
    int32_t
        overviews; /* 1: also halves of the picture, of those, and so on down to one tile; costs a third */
    int32_t tune;  /* nae_tune */
} nae_encoder_options;

/* Where a file's bytes go to, when neither file nor memory. */
typedef struct nae_sink {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    /* Appends n bytes; returns 1, or 0 when it cannot. Nothing is written before the whole picture is encoded;
     * after an error what was written is not a whole file. */
    int (*write)(void* user, const void* bytes, size_t n);
    void* user;       /* passed to write */
    const char* name; /* for messages; NULL: "stream" */
} nae_sink;

/* Encodes a picture; options may be NULL. */
NAE_API nae_result nae_encode(const nae_picture* picture, const nae_encoder_options* options,
                              const nae_sink* sink);
/* The same into a file, which appears complete or not at all. */
NAE_API nae_result nae_encode_file(const nae_picture* picture, const nae_encoder_options* options,
                                   const char* path);
/* The same into memory; release *bytes with nae_free(). *bytes is NULL after a failure. */
NAE_API nae_result nae_encode_memory(const nae_picture* picture, const nae_encoder_options* options,
                                     void** bytes, size_t* size);
/* NULL is allowed. */
NAE_API void nae_free(void* bytes);

/* ---- models ----------------------------------------------------------------------------------------- */

/* A model file that was found; all strings are valid during the callback only. */
typedef struct nae_model {
    uint32_t struct_size;
    int32_t can_encode; /* 1: it has an analysis part */
    const char* path;
    const char* name;    /* "" when the file is not usable */
    uint8_t id[8];       /* the first bytes of the SHA-256 of its decoding part */
    const char* problem; /* why the file is not usable; NULL when it is */
} nae_model;

/* Calls `found` for every model file of the search path, in search order, until it returns 0. */
NAE_API nae_result nae_list_models(int (*found)(const nae_model* model, void* user), void* user);

#ifdef __cplusplus
}
#endif

#endif /* NAE_NAE_H_ */
