// libpng reports errors through callbacks that must not return, so the way out of it is longjmp; the functions that it
// may leave own nothing.
#include "data/decode_png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

namespace qat {
namespace {

struct PngReading {
    std::span<const std::byte> rest;
    png_structp codec = nullptr;
    png_infop info = nullptr;
    std::jmp_buf escape;
    bool allRows = false;
};

void onError(png_structp codec, png_const_charp) {
    std::longjmp(static_cast<PngReading*>(png_get_error_ptr(codec))->escape, 1);
}

// Of colour profiles, text and the like, none of which reaches the pixels.
void onWarning(png_structp, png_const_charp) {}

void supply(png_structp codec, png_bytep to, size_t count) {
    PngReading& reading = *static_cast<PngReading*>(png_get_io_ptr(codec));
    if (count > reading.rest.size()) png_error(codec, "end of file");
    std::memcpy(to, reading.rest.data(), count);
    reading.rest = reading.rest.subspan(count);
}

void askForBgr(PngReading& reading) {
    const int colours = png_get_color_type(reading.codec, reading.info),
              bits = png_get_bit_depth(reading.codec, reading.info);
    if (bits == 16) png_set_strip_16(reading.codec);
    png_set_strip_alpha(reading.codec);
    if (colours == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reading.codec);
    if ((colours & PNG_COLOR_MASK_COLOR) == 0 && bits < 8) png_set_expand_gray_1_2_4_to_8(reading.codec);
    if ((colours & PNG_COLOR_MASK_COLOR) != 0) {
        png_set_bgr(reading.codec);
    } else {
        png_set_gray_to_rgb(reading.codec);
    }
    png_set_interlace_handling(reading.codec);
    png_read_update_info(reading.codec, reading.info);
}

// False: not decodable.
bool readHeader(PngReading& reading) {
    if (setjmp(reading.escape)) return false;
    png_set_read_fn(reading.codec, &reading, supply);
    png_read_info(reading.codec, reading.info);
    askForBgr(reading);
    return png_get_rowbytes(reading.codec, reading.info) ==
           3 * size_t{png_get_image_width(reading.codec, reading.info)};
}

void readRows(PngReading& reading, png_bytepp rows) {
    if (setjmp(reading.escape)) return;
    png_read_image(reading.codec, rows);
    reading.allRows = true;  // what follows does not reach the pixels
}

}  // namespace

Decoded decodePng(std::span<const std::byte> file, const ImageHeader& header) {
    PngReading reading;
    reading.rest = file;
    reading.codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, onError, onWarning);
    if (!reading.codec) return {};
    reading.info = png_create_info_struct(reading.codec);
    Decoded result;
    if (reading.info && readHeader(reading)) {
        const bool turned = header.orientation >= 5;
        result.image = blackPicture(static_cast<int>(turned ? header.width : header.height),
                                    static_cast<int>(turned ? header.height : header.width), CV_8UC3);
        std::vector<png_bytep> rows;
        for (int y = 0; y < result.image.rows; ++y) rows.push_back(result.image.ptr(y));
        readRows(reading, rows.data());
        if (!reading.allRows) result.image.release();
    }
    png_destroy_read_struct(&reading.codec, &reading.info, nullptr);
    return result;
}

}  // namespace qat
