// libjpeg reports errors through callbacks that must not return, so the way out of it is longjmp; the functions that it
// may leave own nothing.
#include "data/decode_jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>

extern "C" {
#include <jerror.h>
#include <jpeglib.h>
}

namespace qat {
namespace {

constexpr int kMostScans = 500;   // real ones have about ten; each costs as much time as decoding the picture
constexpr size_t kZeroTail = 16;  // coded data does not hold so many zero bytes: the disk was full

struct JpegReading {
    jpeg_decompress_struct codec;
    jpeg_error_mgr errors;
    jpeg_progress_mgr progress;
    std::jmp_buf escape;
    bool allRows;
    bool dataEndedEarly;  // somewhere the coded data was over before the pixels were
    bool endMissing;      // the file was over before the end marker came
    bool dataDamaged;     // bytes of the coded data are wrong or missing
    bool allScans;        // every coefficient was there in full accuracy
};

JpegReading& of(j_common_ptr codec) {
    return *static_cast<JpegReading*>(codec->client_data);
}

void onError(j_common_ptr codec) {
    std::longjmp(of(codec).escape, 1);
}

void onMessage(j_common_ptr codec, int level) {
    if (level >= 0) return;  // a trace
    const int code = codec->err->msg_code;
    if (code == JWRN_HIT_MARKER) of(codec).dataEndedEarly = true;
    if (code == JWRN_JPEG_EOF) of(codec).endMissing = true;
    // These are about tags, or about the end of the file, which takes nothing from the pixels by itself.
    if (code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR && code != JWRN_JPEG_EOF) of(codec).dataDamaged = true;
}

void onProgress(j_common_ptr codec) {
    if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number > kMostScans) onError(codec);
}

void begin(JpegReading& reading) {
    reading.codec.err = jpeg_std_error(&reading.errors);
    reading.errors.error_exit = onError;
    reading.errors.emit_message = onMessage;
    reading.codec.client_data = &reading;
}

// False: not decodable. Four components come as CMYK, everything else as BGR.
bool readHeader(JpegReading& reading, std::span<const std::byte> file) {
    if (setjmp(reading.escape)) return false;
    jpeg_decompress_struct& codec = reading.codec;
    jpeg_create_decompress(&codec);
    reading.progress.progress_monitor = onProgress;
    codec.progress = &reading.progress;
    jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(file.data()), static_cast<unsigned long>(file.size()));
    jpeg_read_header(&codec, TRUE);
    codec.out_color_space = codec.num_components == 4 ? JCS_CMYK : JCS_EXT_BGR;
    return true;
}

bool hasAllScans(const jpeg_decompress_struct& codec) {
    if (!codec.coef_bits) return codec.comps_in_scan == codec.num_components;
    for (int component = 0; component < codec.num_components; ++component)
        for (int i = 0; i < DCTSIZE2; ++i)
            if (codec.coef_bits[component][i] != 0) return false;
    return true;
}

void readRows(JpegReading& reading, uchar* rows, size_t step) {
    if (setjmp(reading.escape)) return;
    jpeg_decompress_struct& codec = reading.codec;
    jpeg_start_decompress(&codec);
    while (codec.output_scanline < codec.output_height) {
        JSAMPROW row = rows + codec.output_scanline * step;
        jpeg_read_scanlines(&codec, &row, 1);
    }
    reading.allScans = hasAllScans(codec);
    reading.allRows = true;
    jpeg_finish_decompress(&codec);
}

// Files keep these inks inverted.
cv::Mat bgrOfCmyk(const cv::Mat& cmyk) {
    cv::Mat bgr(cmyk.size(), CV_8UC3);
    for (int y = 0; y < cmyk.rows; ++y) {
        const uchar* from = cmyk.ptr(y);
        uchar* to = bgr.ptr(y);
        for (int x = 0; x < cmyk.cols; ++x, from += 4, to += 3)
            for (int ink = 0; ink < 3; ++ink)
                to[2 - ink] = static_cast<uchar>(from[3] - ((255 - from[ink]) * from[3] >> 8));
    }
    return bgr;
}

// Whether a file without its end holds all pixels nevertheless.
bool hasEverything(const JpegReading& reading, std::span<const std::byte> file) {
    const auto tail = file.last(std::min(file.size(), kZeroTail));
    const bool zeros = std::ranges::all_of(tail, [](std::byte b) { return b == std::byte{0}; });
    return reading.allScans && !reading.dataEndedEarly && !zeros;
}

bool isSize(const jpeg_decompress_struct& codec, const ImageHeader& header) {
    const bool turned = header.orientation >= 5;
    return int64_t{codec.image_width} == (turned ? header.height : header.width) &&
           int64_t{codec.image_height} == (turned ? header.width : header.height);
}

}  // namespace

Decoded decodeJpeg(std::span<const std::byte> file, const ImageHeader& header) {
    JpegReading reading{};
    begin(reading);
    Decoded result;
    if (readHeader(reading, file) && isSize(reading.codec, header)) {
        result.image =
            blackPicture(static_cast<int>(reading.codec.image_height), static_cast<int>(reading.codec.image_width),
                         reading.codec.num_components == 4 ? CV_8UC4 : CV_8UC3);
        readRows(reading, result.image.data, result.image.step);
        if (!reading.allRows || (reading.endMissing && !hasEverything(reading, file))) result.image.release();
    }
    result.damaged = reading.dataDamaged;
    jpeg_destroy_decompress(&reading.codec);
    if (result.image.channels() == 4) result.image = bgrOfCmyk(result.image);
    return result;
}

}  // namespace qat
