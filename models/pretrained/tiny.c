/*
 * Handwritten digits, read with integers alone. Made by `digits optimize`; not edited.
 *
 * Model      tiny: Five plain 3x3 convolutions, 8-8-12-12-16: under 5,000 parameters, for
 *            microcontrollers.
 * SHA-256    4ef0e8af0fa734d6d2419d5fb07f20d0b008f09a104ea8fe8b3b82aa110b5649 (of the checkpoint's
 *            content)
 * Accuracy   99.46% of 10,000 test digits (float32: 99.47%)
 * Input      28x28 grey levels uint8, 0 paper to 255 ink (bright ink on black), the digit's longer
 *            side 20 pixels, its centre of mass at 14.0, 14.0
 * Built      9,005 bytes of flash, 2,044 of RAM, by cc -Os for x86_64
 * Constants  5,128 bytes of weights (8 bits) and tables
 * RAM        2,008 bytes, and the stack
 * Work       617,760 multiplications a tile
 * Licence    MIT, as the code that made it
 *
 * int digits_frame(picture, width, height, tile)   any small grey picture of one digit -> tile
 * int digits_predict(tile, probabilities)          tile -> class and probabilities
 * void digits_logits(tile, logits)                 tile -> what the probabilities are made of
 *
 * C99 with integers alone: no allocation, no libm, no recursion. Static memory, so one call at a
 * time. Layers are fused by rows: a layer keeps the few rows that the next row of its output needs.
 * With -DDIGITS_TEST it is a program that exits with 0 if all its answers are as they should be.
 */
#include <stdint.h>
#include <string.h>

#define DIGITS_CLASSES 10
#define DIGITS_READ 61098
#define DIGITS_SCALE 4.113591174e-05f
#define DIGITS_BITS 8
#define DIGITS_TABLES 5128
#define DIGITS_STAGES 5
#define DIGITS_MOST_ROWS 4
#define DIGITS_SKIPS 0
#define OCTAVE_MULTIPLIER 64211U
#define OCTAVE_SHIFT 6
#define HEAD_REDUCTION 1
#define HEAD_HEIGHT 6
#define HEAD_WIDTH 6
#define HEAD_IN 16
#define HEAD_ROW (ram + 1852)
#define HEAD_WEIGHTS 4536U
#define HEAD_CHANNEL 56

#if defined __AVR__ && DIGITS_TABLES > 32767
#error "its tables are over 32 kB, which AVR's 16-bit pointers do not reach: take a smaller model"
#endif
#ifdef __AVR__ /* constants stay in flash */
#include <avr/pgmspace.h>
#define IN_FLASH PROGMEM
#define BYTE_AT(table, i) pgm_read_byte(&(table)[i])
#define WORD_AT(table, i) pgm_read_word(&(table)[i])
#define LONG_AT(table, i) pgm_read_dword(&(table)[i])
#define COPY_OUT memcpy_P
#else
#define IN_FLASH
#define BYTE_AT(table, i) (table)[i]
#define WORD_AT(table, i) (table)[i]
#define LONG_AT(table, i) (table)[i]
#define COPY_OUT memcpy
#endif

int digits_frame(const uint8_t *picture, uint16_t width, uint16_t height, uint8_t tile[784]);
int digits_predict(const uint8_t tile[784], uint16_t probabilities[DIGITS_CLASSES]);
void digits_logits(const uint8_t tile[784], int32_t logits[DIGITS_CLASSES]);

enum { NO_POOL, MAX_POOL, MEAN_POOL };

/* A convolution with its ReLU and pooling; a dense layer's kernel is as large as its input. */
typedef struct {
    uint32_t weights; /* where its weights begin: [out][kernel_height][kernel_width][in] */
    uint32_t ring;    /* where its rows begin in `ram` */
    uint16_t channel; /* where its channels begin in `biases`, `multipliers`, `shifts` */
    uint16_t width;   /* of a row of its input, padding included */
    uint16_t in, out, out_width;
    uint8_t kernel_height, kernel_width, stride, pad, pad_value, pool;
    uint8_t rows; /* that one row of output needs */
    uint8_t kept; /* as many, or more where the stage after adds its input */
    uint8_t skip; /* 1: the input of the stage before is added */
} stage_t;

static const int8_t weights[] IN_FLASH = {
    -124, -37, -35, 21, -34, -127, 38, 61, 9, 58, -22, -75, -73, -127, 18, -28, 43, 87, -46, -127,
    8, 1, -17, 114, 86, 88, -27, 41, 22, -127, 21, -29, -50, -66, -75, -30, 25, 117, 127, -2, -23,
    -47, -100, -125, -102, -81, 60, 127, -87, 35, 127, -29, 10, 29, 78, -36, -86, 64, -16, -127, 63,
    61, -27, 0, 118, 20, 69, 49, -44, 79, -127, -91, 6, 17, 113, 9, -117, 28, -87, -26, 18, 26, 30,
    21, -32, -14, -84, 0, 36, 46, -10, -20, 5, -22, -12, 28, 4, 19, 64, -26, -27, -7, -102, 75, -12,
    42, 3, -48, -5, -43, -66, 35, -16, 74, 0, -78, 17, -26, 21, 20, -69, -17, -28, 4, 13, -17, -48,
    127, -71, 41, -17, -34, -11, -54, -36, 48, -78, 29, -5, -79, -16, -15, 8, -7, -86, 3, -1, -6,
    -7, 30, 60, 5, -11, -46, -10, -9, 39, 8, 28, 2, -12, -75, -47, -40, 48, 22, -2, -14, 15, 5, -15,
    7, 9, -9, 20, 51, 26, 12, -65, 34, -2, -45, -45, 35, 0, 2, -49, 14, -56, -17, -59, -23, -30, 21,
    -17, 13, 76, -47, -29, 58, -29, 23, 34, 35, -37, -33, -24, -9, -32, 17, 61, 6, -127, 12, -29,
    -29, -13, 19, -11, 2, 54, -1, -86, 30, -27, -37, -29, -20, 7, -6, 31, -49, 9, -99, -2, -127,
    -67, 0, 50, -50, 7, 31, -6, 52, 14, 4, -4, -18, 11, 8, -28, -3, -39, 4, -34, -18, -98, -35, -30,
    -55, -55, 21, 25, 28, 21, 51, 34, 20, -62, -19, -2, -51, 24, 27, 10, -11, -30, -8, -20, 15,
    -114, -2, -17, -2, -13, 13, 36, 38, -127, 72, 34, 41, -13, -41, -48, 23, -85, 33, 16, 23, 8,
    -71, -41, 34, -73, -20, -23, 1, 32, -38, -72, 14, -68, -18, 6, 15, -44, 11, 7, -22, 25, -8, -37,
    21, 23, -50, 20, 29, 30, -9, 15, -10, 49, -21, 13, -9, -54, -63, -80, -46, -71, 31, 56, -36, 28,
    -25, -35, -48, -81, -53, 30, -54, 43, -2, 73, -72, 25, -52, 19, -36, 32, -63, -28, -12, -22,
    -39, 67, -22, -10, -53, -35, -18, -16, -26, 58, 2, -64, -40, -42, -76, 5, 12, -78, -62, 73, -28,
    -24, -46, 13, -38, 7, -54, 45, -15, 26, -36, -17, -37, 22, -27, -32, -7, 10, -97, -40, -25, -88,
    -22, 26, -9, 5, -86, -34, -33, -97, -49, -13, 39, 41, -86, -26, -46, -56, 18, -53, 97, 27, -127,
    -23, -42, -83, 47, -17, 59, 8, -2, -25, 26, -86, 2, -49, 8, 8, -10, 2, -28, -41, -1, -127, -71,
    33, -66, -7, 20, -41, -46, -43, 19, -2, 24, -4, 36, -45, 46, -36, 15, -23, 41, -1, 8, 16, 4,
    -86, -43, -14, -11, -31, 18, -25, -69, -68, -63, -64, 50, -9, 37, 67, 44, -27, -37, -37, 50,
    -38, 20, 35, -24, -9, -24, -31, -43, -56, 14, -35, -57, 30, -119, 26, 6, -55, 97, 84, -53, 17,
    -23, -99, 18, 5, -90, 26, 46, -74, 121, -43, -22, -40, -63, -35, -36, 23, -127, -55, -9, -13,
    75, 48, 21, -8, -23, -46, 52, -29, -94, 42, 1, -101, 40, 116, -40, -50, -3, -27, -79, 10, -71,
    -54, -21, 10, 64, 101, -27, 49, -16, -21, 21, -14, -51, 29, -52, -5, 21, 79, -126, 41, -50,
    -110, -23, 10, -25, 6, -119, -8, -37, 57, -1, 10, -7, 45, -110, -9, -51, 44, -1, 1, -6, 62,
    -127, 39, -43, -25, 16, 5, -52, -38, -55, 45, 1, -74, -18, 27, -81, 15, -39, 14, -22, -8, -22,
    18, -29, 52, -48, 13, -17, 6, -3, -5, -5, -93, -6, 97, 30, -116, -17, 55, 24, -61, 4, 25, -5,
    -101, -20, 2, 61, -1, 12, -23, -14, -58, 18, -48, -43, 38, 41, 34, 4, -61, 18, -2, 22, -4, 27,
    30, 4, 26, 7, 65, 11, -73, 34, 25, -28, -24, 50, -50, -19, 87, 19, 28, 2, 56, -29, 4, -16, 2,
    25, 32, -19, 38, -47, 20, 30, -109, 14, -12, 22, -21, 32, -5, -29, 92, 27, 3, 45, 127, -37, 37,
    17, 8, 6, -12, -20, 8, 13, -4, 40, -76, 59, -31, -62, -4, -9, -49, -53, -1, -92, 38, -81, 31,
    -2, 0, 4, -10, 7, 41, -52, 70, -73, 47, 26, -58, 37, 21, -61, 21, -40, 30, -52, 21, -105, 12,
    16, -2, -83, 64, 5, 7, 62, -2, 30, -10, -17, 53, -1, 67, 96, 29, 2, -23, 19, 61, -3, 48, 9, -77,
    111, 36, -120, 19, -43, 37, 60, -88, 90, 11, -7, 66, -42, 127, 101, 108, 75, 101, 37, -14, 96,
    52, 87, 38, 110, -85, -33, -7, 3, 13, 13, -53, 66, -127, 43, -19, 10, 101, 22, 7, 108, -22, 74,
    18, 33, 3, 31, -2, 73, 57, -110, -13, -25, -11, 32, 32, 12, 39, -106, -48, -54, 56, -15, 54, 1,
    58, -2, -113, 58, 20, 17, -76, 15, 35, -99, -79, 45, -40, 33, -10, -39, -4, -84, -60, 39, -28,
    -34, -42, -8, -51, -48, 32, -14, 52, 9, 10, 58, -34, -1, 13, 17, 18, 16, 33, 47, 54, 9, 26, -1,
    -92, 35, -14, -40, 12, 0, 42, -28, -35, 69, -81, 56, -18, 8, -4, -15, 4, 36, 31, 17, 5, 22, -19,
    -12, -76, 9, -69, -32, -25, 35, -75, -30, -27, 54, -28, -58, -48, 49, -46, -1, -2, -8, 12, -41,
    -101, 63, -82, 16, -113, -10, -127, -102, -66, 18, -46, -69, 26, -70, 5, -4, 14, -50, -36, -67,
    -19, -60, 6, 3, -6, -19, -29, -127, -17, -21, -17, -18, 8, -53, -52, 33, 36, -52, 35, -20, 73,
    -40, -6, -29, 12, -28, 1, -1, 30, 3, 9, -78, 5, -1, 15, 11, 62, -11, -94, 38, 46, -76, -61, -8,
    -4, -66, -67, -48, 18, -8, -9, 13, -11, -41, -59, -106, 4, -5, -7, -13, -12, 20, 28, 34, 12, 30,
    21, 1, -14, 36, -65, -32, 11, -68, -9, -85, 20, -61, -38, -60, -8, -55, -15, -36, 32, -117, 78,
    69, 19, -17, -60, 85, -26, 25, -5, 37, -17, 32, -59, -20, 30, -58, -51, 13, 17, -7, 12, 17, 19,
    -127, 23, 47, 32, 78, -87, 83, 56, 14, -39, -31, -15, 53, 2, -3, 29, 26, -13, -44, 14, 8, 91, 7,
    1, -4, 42, -29, -116, -93, 9, -37, -67, -16, -22, -23, -32, -45, 3, -31, 7, -22, -39, -23, -127,
    -23, -50, -109, -63, -44, 27, -53, -13, -5, 11, 43, -20, -2, 5, 14, 28, -33, 32, -21, 68, 17,
    -18, -26, -16, -9, -34, -60, 40, 30, 35, -29, -28, 5, 13, 36, -25, -9, 25, -1, 0, -9, -1, 20, 6,
    -7, -9, -23, 5, -44, -78, 35, -18, -2, -41, 21, 7, -53, -34, -29, -12, -9, 53, 57, -3, -33, 10,
    38, 50, 1, 96, 13, -56, 38, 67, 77, -27, 23, -125, -83, 10, -87, -5, -10, 38, -24, -14, -17,
    -20, 32, -45, 32, 22, 10, 83, 52, -63, 57, 2, 49, -71, 93, -82, -31, -9, -52, 101, -127, -61,
    -106, -57, 16, 12, 24, -1, -44, -40, -14, 12, 32, 39, 38, 105, -17, -40, 49, 68, 73, -54, 57, 5,
    50, 30, -86, 28, 95, 37, 7, 8, -5, -101, -2, -42, 56, 127, -67, 72, 0, -32, 56, -6, -55, -14,
    81, 18, 8, 8, -10, -14, 52, -18, 25, -1, -19, 21, 20, -25, 80, 44, -52, 35, -31, -16, -20, -16,
    -124, 2, 104, 26, 84, 102, 30, 12, -79, -41, 63, 66, 3, 125, 26, 55, 21, -81, 18, 87, -10, 30,
    -21, -44, -48, 36, -46, 62, -7, 23, 22, -29, -33, 17, 5, 19, 34, 13, 8, 46, -2, 34, -83, 20, 40,
    -35, -23, -16, 25, 11, 3, 55, -7, -7, 63, 9, 30, 36, -51, 13, 27, -52, 42, 43, 48, 48, -127, 25,
    45, 8, -26, 51, 35, -24, 30, 61, -55, -5, 62, 75, 50, 11, -77, 33, -13, -6, -12, 39, 48, 27,
    -124, -6, -6, 27, -117, 70, 25, -42, 66, 65, -9, -19, 57, -9, -116, -73, 8, -6, -14, -46, 51,
    -30, -62, -73, 16, 29, 15, -16, 116, 75, 81, 74, 54, -93, 72, -118, 3, 11, -50, 46, -11, -34,
    -43, -42, -10, -63, -56, 75, -38, 21, -48, 19, 46, 64, 0, 84, 66, -12, 34, 22, -19, 68, 41, 24,
    -55, 4, -16, 2, -56, 7, 127, 85, -95, 37, 33, 65, 13, -21, -78, 35, 22, -14, 1, 77, -41, 8, -30,
    22, 25, -8, 44, 89, 15, 13, -22, 49, 14, 75, 29, 51, 3, -76, -104, 40, 31, -13, 12, 57, 72, -8,
    -116, 25, -47, 7, 12, 34, 9, 36, -19, -19, 58, 77, 48, 60, 2, -2, 66, 11, -51, 33, -59, -96,
    127, 29, 36, -35, 12, -1, -8, -102, -39, 45, -37, -56, 51, -56, 33, -62, 46, -51, 23, -41, 69,
    79, 28, -2, 5, 43, -28, -63, 32, -95, 1, -38, 28, 24, 9, 37, 32, -5, -36, -51, 55, -89, 4, -62,
    -38, 8, 67, 78, -29, -127, 26, -39, 45, -21, 39, 44, 51, 27, -38, -58, -8, 58, 10, -76, 28, -72,
    17, 50, 2, -57, -11, 3, 15, 18, 32, -48, -3, -54, 12, 33, -38, -21, 47, 38, -49, -73, 56, -60,
    -9, 3, 56, 19, -13, 22, 14, -10, -1, -31, 29, -52, -33, -27, 34, 31, -14, -22, 45, 26, 0, -33,
    -1, -11, -70, 24, 68, 40, -35, 51, 34, 23, -52, -60, 5, -43, -100, 46, 85, -43, -8, -37, 2, -33,
    -46, -45, -25, -104, -127, -24, 31, 48, -18, -41, -31, -3, -78, -9, -32, -56, -20, -30, 40, 36,
    4, -11, -32, 62, -78, -61, -79, -27, -74, 52, 85, -16, 12, -3, 16, -114, -34, 42, -31, -74, -66,
    -9, 23, 5, 13, -21, -53, -100, -10, 35, -34, -18, -20, -53, 21, -9, 19, -28, -47, -19, 7, 9,
    -48, 18, -44, 31, 22, -16, 5, 92, 58, -117, 36, 45, -68, -30, 0, -24, 23, -56, -19, 16, 41, 7,
    31, 6, -35, -5, 33, -47, 56, -35, -81, -101, 50, 36, 17, 20, 13, 45, 20, -57, 34, -35, 30, -9,
    59, 64, -30, -94, 61, 7, -12, -44, 74, -57, 0, -3, -41, 5, -28, -119, 67, -61, 25, 2, 77, -98,
    -39, -44, -28, 13, -50, -127, 88, -14, 76, 118, -12, 85, -20, 17, -26, -37, -40, -3, 33, 43, -5,
    51, 1, 21, -8, -12, 8, -86, -51, -27, 78, 3, 42, 9, 0, -48, 5, -29, 75, -76, -21, -30, 93, -22,
    43, 54, -23, 88, -67, 68, -92, -58, -99, -51, -111, 22, -43, 90, -46, 78, -19, 52, -117, -104,
    -48, -57, -87, 50, 0, 57, -40, 70, 24, 34, -110, -54, -11, -91, -78, -11, -61, 17, 3, 101, 15,
    -24, -17, -57, -40, 23, -49, -42, 28, -1, -25, 9, -21, -1, -23, -3, 1, 43, -25, 1, 43, 19, -95,
    19, -68, 3, 7, -21, 41, 61, 9, 60, -94, -1, 22, 37, -49, 23, 36, -13, -43, -13, 35, -45, 1, -47,
    -6, -19, -40, 37, -18, 22, -38, -22, 26, -43, -20, -29, -101, -28, -29, 3, 0, -127, -29, 16, 32,
    9, -84, -29, -24, -23, -35, -1, 71, -49, -30, 4, 45, -68, 1, -50, -39, -20, 14, -25, 9, 20, -25,
    -4, 54, -41, -19, -57, -126, -4, 64, -64, -8, -58, -51, 6, 69, -47, -44, -35, 14, -36, -5, -16,
    -5, -41, 94, -43, 47, -75, -34, -20, -41, 32, -1, 52, -28, -57, 17, 4, 3, -57, -44, 19, -54, 21,
    50, 97, 22, -51, -49, 7, -23, -70, -61, -5, 9, -60, 3, -66, 6, 16, -57, -8, -17, 45, -95, -6,
    -6, 27, -41, -14, 3, -18, -13, 23, -59, 9, -45, 22, 0, 5, 24, -14, -31, 41, 5, 12, -63, -38,
    -21, 33, 62, -104, 20, -31, -50, 47, -127, -21, -17, 123, -34, -20, 62, -72, -32, -7, -37, 33,
    -30, 12, -30, 79, 16, 1, 103, -85, -10, -30, -47, 101, 84, 38, -19, 104, -17, 15, -67, -38, 27,
    22, 27, -65, 50, 53, -64, -22, 78, -5, -28, -57, -42, 13, -9, -14, -2, -9, -42, -16, 40, -37,
    -46, -26, -54, 2, -9, -127, -46, 10, 18, -9, 38, 26, -59, -19, -48, -8, -47, 27, -17, -37, 39,
    10, 79, 15, 15, 19, -25, -35, 69, 41, -28, -40, 5, 15, 21, 50, -6, 16, -1, -17, 50, -67, -35,
    -35, 29, -18, 58, 7, 30, 33, -51, -38, 8, -17, -39, -16, 10, -15, -57, -6, 3, 82, 5, -31, -9,
    -9, 2, -18, -9, 9, -42, 47, -9, 91, 16, -5, -49, -47, -7, -55, -33, -15, -22, 101, 15, 29, -11,
    -1, 29, -87, 25, 8, -77, 5, 14, 65, -8, 22, -9, -70, -19, -25, -17, -3, -40, 29, -4, 52, -5, 29,
    79, -127, -60, -36, -38, -27, 21, -31, -1, 35, -23, -45, -71, 23, 38, -46, 6, 6, -4, 1, 44, 11,
    -23, -31, -12, 3, -11, 25, -42, -18, -17, -3, 14, 32, 23, -1, 69, 10, -59, 9, -22, -57, -47,
    -14, 22, -18, -10, -41, -65, 2, 26, -41, 19, 4, 11, 11, -5, -4, 32, -34, -38, 26, -2, 11, 31,
    -25, 12, 35, 13, 46, 59, 34, -42, 64, -44, 32, 58, -52, -54, 88, -22, 32, 10, -35, -50, 51, 64,
    -37, -79, 11, 39, -6, -5, 14, -2, -42, -16, 59, 36, -74, -73, -4, 8, -16, 0, 48, -13, -64, 18,
    54, 65, -53, -127, -10, -18, -59, 25, 13, 25, -10, 8, -4, 32, -26, -75, 18, 5, 42, 3, -16, 15,
    -17, 11, -10, 3, -36, -33, 16, -24, -14, 4, 20, 20, -29, 13, -28, 14, -19, -17, 33, -36, -71,
    22, 7, 31, 0, -11, -10, 10, -14, 0, -1, -7, 60, -3, -25, 11, -6, 5, -65, -5, 20, 13, -4, -24,
    10, -16, -20, -18, -41, 20, -113, -35, 22, -4, 15, -27, -21, 8, 11, -24, 9, -18, 3, -9, -31, 16,
    -44, 16, 3, -38, 30, -9, -18, 0, -13, 39, 4, -16, -4, 9, -7, -44, 30, -36, -9, 2, -23, 13, 1,
    -3, 17, 6, -4, -61, 26, 12, 11, -18, 13, -22, 24, -70, -23, -9, -25, -89, 33, 7, -20, 12, -4, 9,
    15, -54, 14, -19, -18, -12, 31, -10, -28, 6, -24, -4, -5, -37, -16, 10, -22, 2, 26, 4, 40, 12,
    19, -79, 11, 41, -76, -48, -76, -36, 21, -8, 19, 23, 0, -32, -10, 17, -44, -4, -45, -26, 4, -9,
    8, 8, -14, 1, -40, -27, -127, 38, -30, -62, 27, -13, -18, -1, 53, 8, -16, 3, 5, -9, -36, -14, 9,
    18, -1, 28, 10, 6, -52, -36, 1, 22, -3, -15, -22, 8, 14, 11, -51, 25, -44, -44, 18, 32, 5, -27,
    -33, -60, -24, 22, -9, -71, 38, 45, -22, -2, -55, 58, -25, 17, 10, 22, 16, -6, 28, 30, -32, 10,
    0, 11, 33, 16, 23, -31, 0, 48, 30, 7, -30, -3, 9, -14, -54, -77, -53, 9, -82, 5, -31, -6, 1, 70,
    -33, 31, 22, -50, 8, -45, -28, 4, -51, -21, 11, 15, 11, -9, 88, -118, 23, -127, 16, 22, -28, 44,
    7, -24, 27, -25, -70, -95, 15, 9, 67, 5, 27, 11, -25, -32, -29, 19, -11, -30, 4, 12, 36, 43, 15,
    -44, -12, 25, -10, 28, 66, 15, -1, 24, -15, 22, 49, -74, -58, -4, -3, 55, -24, -58, 19, -4, 20,
    -21, 5, 38, -40, -9, -33, 16, 2, -11, 34, -7, -27, -6, -7, -18, -35, 4, -4, 19, -19, -2, 4, 45,
    -54, -26, 56, -18, -57, -3, -8, 37, -24, -21, -51, -26, -24, -82, -24, 39, -59, 27, -42, 75, 8,
    -30, -16, 27, -39, -33, -24, 6, -26, -24, -9, 28, -19, -63, 8, 127, -43, -70, 30, -7, -30, -50,
    -9, 15, 17, 20, 28, -21, -127, 11, 32, 16, -13, 34, 11, -44, -16, -4, 37, -88, -59, -11, 27, 27,
    29, 44, 24, 1, -29, -53, 5, -58, 13, -8, 24, 35, 45, 58, -4, 53, -12, -5, -1, -25, -46, -8, -35,
    28, -18, -27, 0, -43, -30, -6, 12, -83, 4, -12, -22, 13, 5, -4, 16, -1, 4, -22, -11, 44, 15, 3,
    11, 17, 2, 2, 0, 36, -30, -36, 8, -74, -11, -31, -16, 49, -22, -33, -40, -37, -15, 22, 14, -56,
    15, 0, -27, 26, 4, -26, -14, 1, 59, 71, -19, 42, 18, -13, 22, 25, -9, -25, -10, 39, -67, 127,
    53, 47, -53, -114, 34, 79, 18, -22, -88, 9, -78, 66, 3, 42, 15, -48, 3, -8, -53, -26, -19, 34,
    -19, 19, -83, 42, 118, -44, -6, -96, -98, -39, -22, 67, -48, 79, 59, 27, 3, -2, 12, 24, -30,
    -31, -47, -16, -4, 27, 20, 6, 50, 11, -33, -16, -31, 3, -21, -18, 54, 3, -30, 27, 59, 46, -29,
    -69, -19, 44, -33, 29, -4, 77, 31, 24, 7, 11, -14, 9, -13, -20, 18, -68, 35, 25, 12, 15, -5, -7,
    -53, -2, 35, 40, 28, -63, -1, 19, 20, 60, -55, 32, -67, -48, 87, 79, -21, -12, -127, -34, -26,
    46, 11, -9, 8, -6, -7, 0, 81, 64, -60, -34, -11, 28, 4, -18, 18, 21, -22, -8, 28, 35, -13, -33,
    -36, 22, 21, -49, -2, 36, -30, -24, 9, 55, -56, -8, -13, 8, 23, -20, 10, -4, -1, -7, 22, 21,
    -17, 9, 19, -1, -19, -28, -8, 15, -9, -4, -8, 3, 17, 9, 26, -18, -39, -25, -24, 42, -2, 1, -30,
    18, 26, -2, -20, -14, 43, 45, 41, -24, 45, -21, -44, 25, 40, 19, 25, -5, -21, 24, 22, 2, 31, 11,
    -54, 13, 43, 14, 70, -38, -63, 19, 9, 48, 54, 20, -68, 17, 19, -50, -9, -27, -95, 13, 59, 60,
    -14, 9, -42, 49, 18, -3, -30, -26, -7, -13, 22, 26, 21, -5, -48, 57, -26, -7, -20, -33, 59, 5,
    112, 55, 37, 4, 5, 43, 34, -72, 17, -61, -59, 49, 27, 29, -29, 18, -33, 32, 48, -25, 20, -42,
    -14, 3, -13, 15, -3, -5, -20, -2, 3, 10, -1, -37, 66, -34, 95, -1, 16, -9, -37, -49, -9, -42,
    -125, -12, -46, -33, -30, -26, -93, 29, 5, 13, 25, -17, -92, 19, 4, -24, 17, -33, -88, 21, 13,
    -34, -6, 14, -96, 73, 67, -93, 127, -90, -73, 29, -80, -83, 32, -69, 3, -89, 41, -76, 8, 0, 14,
    42, 33, 37, 0, -21, 27, -50, -12, -66, 25, 37, -2, 18, 22, 22, -46, -15, 34, -18, -30, -68, 27,
    67, -22, 19, 35, 19, 36, -62, 19, -3, 73, -72, 17, -16, 6, 30, 9, 21, -6, -29, 41, 39, 0, -23,
    24, 13, 5, 3, 21, -10, -40, -13, 28, 66, -19, -26, 33, 18, 7, 15, 10, -1, 5, -42, -42, 25, 127,
    -28, -4, 19, 20, 32, 22, -32, -22, -11, -17, 58, 44, 8, 18, 3, 7, 40, 14, -63, -41, 20, -15,
    107, 37, -21, 46, -39, -8, 103, -17, -21, -59, 4, -83, 126, 22, 6, 16, 77, 27, 12, -7, -46, -30,
    -8, -72, 61, -4, 32, 25, 64, 26, 44, -37, -23, -2, -2, -9, 8, -18, 64, 62, 70, 44, 24, -41, -25,
    -31, -14, -3, 10, 51, 21, 9, -3, -22, -78, -77, -2, -7, -38, -7, -44, 24, 24, 27, 6, -23, -32,
    -79, 12, -38, -19, 58, -53, 13, 57, 58, 50, -30, -44, -46, 31, 0, 15, 56, -30, 109, 25, 5, -3,
    -55, -127, -99, -18, 2, -22, 50, -26, 76, 30, -9, 18, -73, -70, -68, -12, -88, -25, 114, 6, 34,
    51, 3, 59, -69, -66, -18, -6, -40, 2, -32, -12, -10, 21, 3, 12, -25, 35, 0, 25, -24, -9, 1, -22,
    -16, 8, 7, -2, -61, 18, -22, -11, -29, 25, -7, -34, -27, -13, 27, 27, -53, 45, -25, -38, -33, 0,
    -63, 1, 15, 4, 15, 13, 23, 29, 25, 3, -19, 0, -20, -7, 18, -12, -10, -3, -14, -14, -7, -8, 13,
    10, -1, -26, 24, -24, -2, 9, -27, 21, -31, -14, -44, -15, -20, 19, 1, 54, 30, -13, 67, 101, 31,
    1, -14, 11, 31, 22, -9, 25, -7, -23, 44, 58, -9, -8, 32, -21, 92, 6, -12, 10, -32, -34, 34, 127,
    -49, -12, -30, 15, -15, 9, 14, -23, 8, -22, 36, -11, -22, 127, -37, -40, -32, 36, -14, -1, 1,
    16, 2, -10, -8, 84, -67, -70, -56, 40, -11, 3, -45, 66, -24, 12, -6, 85, 33, -17, 8, -38, 30, 9,
    9, -18, -13, 0, -12, 39, 16, -38, 4, -18, -16, 5, 2, 13, -12, -8, 1, 0, -7, -54, -26, -9, -24,
    15, -16, 47, -15, 15, 18, -1, 30, 24, -42, 1, 70, -27, 31, -32, -22, -4, -40, -8, 18, 17, -17,
    7, -21, -26, 31, -2, -20, -1, -33, -31, -1, 6, -9, 12, -43, -19, 22, 35, -29, 44, -22, -22, -14,
    127, 4, 28, 50, -16, -36, -55, 13, -24, -10, -45, -25, 38, -11, 25, -11, 32, -46, -23, 39, -1,
    1, -33, -22, -27, -34, 40, -55, 68, -69, -6, 6, 4, 11, -14, -4, 74, -7, -27, 26, 60, 0, -19,
    -100, 3, -12, -7, -18, 5, -30, -33, -10, 48, -10, -10, -16, 5, -26, -10, -11, -29, -46, -22,
    -78, 17, -25, 4, -13, 19, -15, -11, 21, 89, -45, 6, 22, 47, 12, -10, -91, -3, -10, 11, 8, 28,
    -35, -8, 15, 32, -15, 8, -11, 7, -5, -12, 21, 24, -26, -20, -20, 2, -36, 40, -1, 43, -11, -40,
    10, 127, 9, 59, -52, 105, 93, 113, -67, -30, -2, -126, 53, 61, 9, 35, 18, 54, 23, -71, -66, -8,
    4, -17, -32, 60, 70, -22, 37, -6, 114, -122, -15, 6, 6, -93, -38, 12, -47, -24, -17, 103, 45,
    60, -1, -25, 20, 20, 9, -4, -35, -19, 27, 43, -23, -18, 4, 1, 26, -1, -73, 45, -20, -48, 25,
    -27, 67, -28, 22, 19, -36, -93, -58, -34, -39, -75, 14, 68, 63, 13, 17, 1, 10, 46, -29, -26, 2,
    -38, -19, 58, 20, -8, 31, 34, -1, -1, -59, 13, -1, -14, -47, 11, 59, -5, 48, 68, -87, -48, 73,
    -43, -10, -13, -11, -127, 1, 119, -82, -8, 92, -110, 62, -45, -18, -27, -19, -106, 23, 25, -39,
    19, 46, -8, 39, 14, -6, -86, -56, -116, 20, 64, 47, 65, -51, -54, -19, 5, 4, 21, -7, -33, 17,
    109, -43, 17, 32, -32, -21, 0, -10, -33, -11, -25, 13, 44, -33, 35, 19, 27, -28, 52, 10, -99,
    -52, -12, -13, 80, 5, 52, -34, -2, -66, 27, 52, 15, -44, 34, 27, 80, 12, 10, 15, 38, -46, -1,
    46, -18, -23, 34, -3, 2, -14, 18, 7, 53, -31, 26, 80, -46, -125, 70, -55, 9, -12, 7, -27, 51,
    -37, -37, 52, -11, -42, 7, -45, -42, 88, 121, -77, -40, -11, -8, 1, 58, -61, 24, -43, 11, 60,
    72, -76, -20, 47, -12, 3, -16, -20, -4, -104, 73, 87, 65, -44, -11, -30, -24, 4, -47, 16, -8,
    -82, -45, 48, 75, -5, 17, -4, 2, -13, 18, -12, -24, -24, -5, 8, 25, -21, 31, 40, 23, 2, -65, 52,
    -68, -25, 55, 10, 53, 34, 22, 8, 2, 13, -51, 115, -60, -76, 5, -23, -59, 20, -11, 7, -10, 19,
    -18, 65, -40, 23, 46, -52, -41, 35, -5, 27, 7, 56, -127, 92, -61, 29, 97, -75, -25, 114, 8, -23,
    14, -53, 40, -3, 127, -11, -35, -55, 24, -44, -11, -46, 21, -34, 20, 23, 111, -5, -40, -44, 19,
    -47, 19, -39, 32, -55, 26, -27, 79, -18, -34, -44, 41, -60, 61, 38, -65, 2, -23, -36, 17, 8, 60,
    -12, 31, -54, -2, 10, -60, 4, -27, -6, -3, 3, 23, -16, 25, -22, -1, 6, -49, -49, -29, -44, 14,
    16, 13, -12, 48, -35, 25, 30, -57, -4, -101, -53, 16, 20, 37, 12, 34, -74, 15, 39, -36, 25, -76,
    -25, 9, 33, 30, -6, 29, -66, -5, 51, -40, 39, -70, -21, 20, 92, 35, -17, 42, -98, 7, -14, 21, 7,
    23, 10, 29, -15, -20, -3, -39, -87, -5, 3, -32, -27, 2, -4, 49, -8, -2, -6, 3, -76, -6, 16, -80,
    2, 28, -34, 86, -56, 28, -6, 28, -39, -8, -6, 27, 14, -62, -16, -4, 9, 25, -12, -62, -31, -3,
    -4, -19, -8, -32, -21, -6, 16, 16, -9, 4, -15, 0, -2, -71, 24, 44, -48, 36, -4, 43, 3, 9, 21, 6,
    -25, 72, -13, -41, 15, -78, 15, 17, -107, -119, 4, -40, -52, 20, -10, -7, 18, -53, -4, 8, -67,
    -3, 22, -53, -127, -28, 7, 56, -16, 7, -1, 54, -6, -23, 62, -58, -46, 34, 45, 30, 12, -13, 34,
    -127, -52, -31, 35, -26, -78, 8, 23, 83, 10, -23, 30, -85, -34, -54, 24, 4, -66, -19, 15, 97,
    21, -23, 52, -68, -27, -74, 68, -5, -27, 0, 14, -16, 26, 23, 52, -51, -23, 14, 26, -20, -13, 3,
    15, 22, 20, 18, 33, -22, -13, 21, 8, -33, 1, -23, 49, 33, 41, -4, 56, -33, -4, 24, 6, -52, 25,
    -5, -72, 0, 14, 16, 48, 0, -5, 49, 22, 16, 32, -10, -35, 22, 21, 7, -2, 19, 16, 57, -13, -3, 9,
    -40, 4, 40, 20, -27, -15, -19, 40, 68, -64, -5, -6, 2, 67, -61, -70, 9, 19, 39, 14, 22, -60, 24,
    -6, 0, -20, -49, -15, -13, 19, 20, 21, 10, -22, 20, -55, -26, -86, 29, 30, -10, 66, -6, 37, 49,
    -14, 13, 33, 2, 77, -7, -66, 28, 49, 10, -26, -16, -54, 7, 41, -4, 6, 1, 18, -4, 32, -17, 1,
    -10, -38, -20, -39, -21, -73, 78, 68, -20, 45, -57, 10, 13, -58, -31, -21, 53, 13, 9, -98, -14,
    -16, 38, -84, 10, 13, -14, -42, 17, -22, 35, -44, 6, -22, -5, -72, 2, 28, -7, -120, -2, -81,
    127, -68, -4, -38, -44, -50, -42, 39, -24, 55, -27, 84, 50, -43, -66, -9, 0, -66, -1, 51, -32,
    24, -37, 16, 48, -31, -53, -49, -18, -45, 35, 39, -10, 6, -48, 64, 113, -100, -49, -123, -29,
    -13, 57, -8, 19, -22, 54, 73, -10, -66, -1, 109, 112, 5, -26, -60, 10, -39, 10, 25, -20, -8, 16,
    52, 54, 0, 9, -38, 5, -43, -55, 75, 31, -109, 31, -30, 3, 30, 13, -71, 17, -4, 58, 121, -20,
    -107, -23, 66, 60, 62, -90, -127, 59, -3, -31, 70, -50, -49, 27, 30, -27, 47, -13, -86, 39, -24,
    -127, 54, -1, -111, 59, -11, -120, 79, -44, -110, 63, 28, -84, -77, -32, -67, -105, 5, 53, -73,
    -16, -75, -91, 84, 24, 70, 30, -73, -88, 14, -8, -80, -28, -5, -81, -88, 19, 68, 19, -21, -100,
    0, 58, -8, 25, -102, 9, 65, -50, 51, 32, -34, -59, 61, -20, 53, 28, -89, -90, -32, 7, 63, 65,
    -70, 44, 69, -32, -111, -76, -34, 3, -21, -39, 23, -80, -51, -9, -72, -19, 12, 60, -97, 18, 28,
    91, -53, 5, 14, -71, -89, 11, -66, -78, 55, 38, -13, 28, -77, -42, 39, -18, -24, -71, -39, 65,
    39, -43, 81, -74, 8, -52, 55, -59, -83, -35, 53, 10, 44, -103, -30, -39, 55, -88, 28, 76, -62,
    -8, -4, -20, 17, -127, -63, 37, -46, 9, -83, 41, -105, 42, -49, -28, 55, -56, 36, -89, -22, 13,
    23, -67, -70, 71, 46, -39, 20, -8, 55, 14, -44, -85, -90, 49, -35, 60, 17, -59, -22, 63, -78,
    36, -53, -14
};
static const int32_t biases[] IN_FLASH = {
    10621, 5436, -4172, 12078, 4740, -26024, 2179, -11046, 15602, 7083, 14310, 13911, 29368, 25183,
    14046, 12188, -7626, -14314, -2450, 6591, 14038, 94, 8122, -2898, -14114, -11839, -9683, -10233,
    -2359, 8218, 4521, 11829, 4692, 6223, 7019, 7208, 11981, 6601, 2115, 5927, 2001, -2551, 9725,
    -7071, 4292, -1207, 3156, 9001, -3464, -2372, 3308, 6271, 15285, 4814, 9069, 9574, 2231, 14158,
    -2356, -4283, -3803, -9862, -3632, 3356, -2430, 5399
};
static const uint16_t multipliers[] IN_FLASH = {
    39979, 43928, 33815, 64866, 37747, 37143, 47056, 45050, 49769, 47207, 64740, 36016, 38931,
    37686, 63508, 40113, 37930, 34008, 60101, 41964, 55039, 40862, 37526, 47898, 35080, 37536,
    41155, 49463, 59754, 47821, 48884, 63995, 57268, 36606, 60968, 35583, 50287, 51746, 35700,
    37620, 32955, 64963, 46887, 45313, 38005, 60818, 57215, 55398, 38888, 35182, 35741, 43742,
    52945, 41068, 53066, 63451
};
static const uint8_t shifts[] IN_FLASH = {
    23, 23, 23, 24, 24, 24, 24, 24, 25, 24, 24, 23, 24, 24, 25, 24, 23, 23, 24, 23, 23, 23, 22, 23,
    23, 23, 23, 23, 24, 24, 24, 24, 24, 23, 24, 23, 23, 23, 23, 23, 24, 24, 24, 24, 24, 24, 24, 24,
    24, 24, 24, 24, 24, 24, 24, 25
};
static const stage_t stages[] IN_FLASH = {
    {0, 0, 0, 28, 1, 8, 26, 3, 3, 1, 0, 33, NO_POOL, 3, 3, 0},
    {72, 84, 8, 26, 8, 8, 12, 3, 3, 1, 0, 0, MEAN_POOL, 4, 4, 0},
    {648, 916, 16, 12, 8, 12, 10, 3, 3, 1, 0, 0, NO_POOL, 3, 3, 0},
    {1512, 1204, 28, 10, 12, 12, 8, 3, 3, 1, 0, 0, NO_POOL, 3, 3, 0},
    {2808, 1564, 40, 8, 12, 16, 6, 3, 3, 1, 0, 0, NO_POOL, 3, 3, 0},
};

static uint8_t ram[1948];                         /* the rows of all stages */
static uint16_t got[DIGITS_STAGES], made[DIGITS_STAGES]; /* rows that came in, that went out */
static int32_t sums[DIGITS_CLASSES];

#if DIGITS_BITS == 4
static int8_t weight(uint32_t i)
{
    uint8_t pair = BYTE_AT(weights, i >> 1);
    return (int8_t)(((pair >> (4 * (i & 1))) & 15) - 8);
}
#else
static int8_t weight(uint32_t i)
{
    return (int8_t)BYTE_AT(weights, i);
}
#endif

static int32_t dot(uint32_t first, const uint8_t *values, uint16_t count)
{
    int32_t sum = 0;
    uint16_t i;
    for (i = 0; i < count; i++)
        sum += (int16_t)(weight(first + i) * values[i]);
    return sum;
}

/* ReLU, times multiplier / 2^shift, rounded, at most 255. */
static uint8_t activation(int32_t sum, uint16_t channel)
{
    uint32_t value = sum > 0 ? (uint32_t)sum : 0, multiplier = WORD_AT(multipliers, channel);
    uint8_t shift = BYTE_AT(shifts, channel);
    if (shift > 23) {
        value >>= shift - 23;
        shift = 23;
    }
    if (value > 0xFF00) /* more than 255 in any case; the product stays within 32 bits */
        value = 0xFF00;
    value = (value * multiplier + ((uint32_t)1 << (shift - 1))) >> shift;
    return value > 255 ? 255 : (uint8_t)value;
}

static uint8_t *row_of(const stage_t *s, uint16_t y)
{
    return ram + s->ring + (uint32_t)(y % s->kept) * s->width * s->in;
}

static stage_t stage_at(uint8_t number)
{
    stage_t s;
    COPY_OUT(&s, &stages[number], sizeof s);
    return s;
}

/* Where the next row of a stage's input goes. */
static uint8_t *next_row(uint8_t number)
{
    stage_t s = stage_at(number);
    return row_of(&s, got[number]) + s.pad * s.in;
}

static int32_t sum_at(const stage_t *s, uint8_t *const *rows, uint16_t x, uint16_t channel)
{
    uint16_t count = (uint16_t)(s->kernel_width * s->in), y;
    uint32_t first = s->weights + (uint32_t)channel * s->kernel_height * count;
    int32_t sum = (int32_t)LONG_AT(biases, s->channel + channel);
    for (y = 0; y < s->kernel_height; y++, first += count)
        sum += dot(first, rows[y] + (uint32_t)x * s->stride * s->in, count);
    return sum;
}

/* What a residual adds: the input of the stage before, times one more weight. */
static int32_t skip_at(uint8_t number, uint16_t x, uint16_t y, uint16_t channel)
{
#if DIGITS_SKIPS
    stage_t before = stage_at((uint8_t)(number - 1));
    const uint8_t *row = row_of(&before, (uint16_t)(y + before.pad));
    return (int32_t)LONG_AT(skips, stage_at(number).channel + channel) *
           row[(x + before.pad) * before.in + channel];
#else
    (void)number, (void)x, (void)y, (void)channel;
    return 0;
#endif
}

static void make_row(uint8_t number, uint8_t *to)
{
    stage_t s = stage_at(number);
    uint8_t side = s.pool == NO_POOL ? 1 : 2, i, *rows[DIGITS_MOST_ROWS];
    uint16_t x, channel, top = (uint16_t)(made[number] * side);
    for (i = 0; i < s.rows; i++)
        rows[i] = row_of(&s, (uint16_t)(top * s.stride + i));
    for (x = 0; x < s.out_width; x++)
        for (channel = 0; channel < s.out; channel++) {
            uint16_t total = 0;
            uint8_t most = 0;
            for (i = 0; i < side * side; i++) {
                uint16_t column = (uint16_t)(x * side + i % side);
                int32_t sum = sum_at(&s, rows + i / side * s.stride, column, channel);
                uint8_t value;
                if (s.skip)
                    sum += skip_at(number, column, (uint16_t)(top + i / side), channel);
                value = activation(sum, (uint16_t)(s.channel + channel));
                total = (uint16_t)(total + value);
                most = value > most ? value : most;
            }
            if (s.pool == MEAN_POOL)
                most = (uint8_t)((total + 2) >> 2);
            *to++ = most;
        }
}

/* Take row y of the last map, (HEAD_WIDTH, HEAD_IN), into the logits. */
static void head(const uint8_t *row, uint16_t y)
{
    uint16_t k, x, columns = HEAD_WIDTH;
#if HEAD_REDUCTION == 2 /* the maximum of each channel first */
    for (x = 0; x < HEAD_WIDTH * HEAD_IN; x++)
        if (row[x] > best[x % HEAD_IN])
            best[x % HEAD_IN] = row[x];
    if (y + 1 < HEAD_HEIGHT)
        return;
    row = best;
    columns = 1;
#endif
    for (k = 0; k < DIGITS_CLASSES; k++)
        for (x = 0; x < columns; x++) {
            uint32_t place = HEAD_REDUCTION ? k : ((uint32_t)k * HEAD_HEIGHT + y) * HEAD_WIDTH + x;
            sums[k] += dot(HEAD_WEIGHTS + place * HEAD_IN, row + x * HEAD_IN, HEAD_IN);
        }
}

/* A row has been written into a stage: go on as far as the rows suffice. */
static void push(uint8_t number)
{
    for (; number < DIGITS_STAGES; number++) {
        stage_t s = stage_at(number);
        uint8_t step = s.pool == NO_POOL ? s.stride : (uint8_t)(2 * s.stride);
        got[number]++;
        if (got[number] < made[number] * step + s.rows)
            return;
        make_row(number, number + 1 < DIGITS_STAGES ? next_row((uint8_t)(number + 1)) : HEAD_ROW);
        made[number]++;
    }
    head(HEAD_ROW, (uint16_t)(made[DIGITS_STAGES - 1] - 1));
}

/* tile: 28x28, 0 paper to 255 ink, framed. Times DIGITS_SCALE they are the float model's logits. */
void digits_logits(const uint8_t tile[784], int32_t logits[DIGITS_CLASSES])
{
    uint8_t number, y;
    for (number = 0; number < DIGITS_STAGES; number++) {
        stage_t s = stage_at(number);
        memset(row_of(&s, 0), s.pad_value, (size_t)s.kept * s.width * s.in);
        got[number] = s.pad;
        made[number] = 0;
    }
    for (number = 0; number < DIGITS_CLASSES; number++)
        sums[number] = (int32_t)LONG_AT(biases, HEAD_CHANNEL + number);
#if HEAD_REDUCTION == 2
    memset(best, 0, sizeof best);
#endif
    for (y = 0; y < 28; y++) {
        memcpy(next_row(0), tile + 28 * y, 28);
        push(0);
    }
    for (number = 0; number < DIGITS_STAGES; number++) { /* the padding below */
        stage_t s = stage_at(number);
        for (y = 0; y < s.pad; y++) {
            memset(next_row(number), s.pad_value, ((size_t)s.width - 2U * s.pad) * s.in);
            push(number);
        }
    }
    memcpy(logits, sums, sizeof sums);
}

/*
 * Returns the likeliest class, from 0; the probabilities (of 65535) are calibrated. One of at least
 * DIGITS_READ counts as read. tile: 28x28, 0 paper to 255 ink, as `digits_frame` makes it.
 */
int digits_predict(const uint8_t tile[784], uint16_t probabilities[DIGITS_CLASSES])
{
    int32_t logits[DIGITS_CLASSES];
    uint32_t shares[DIGITS_CLASSES], total = 0;
    uint8_t k, top = 0;
    digits_logits(tile, logits);
    for (k = 1; k < DIGITS_CLASSES; k++)
        if (logits[k] > logits[top])
            top = k;
    for (k = 0; k < DIGITS_CLASSES; k++) { /* 32768 / 2^octaves, octaves in 256ths */
        uint32_t below = ((uint32_t)logits[top] - (uint32_t)logits[k]) >> OCTAVE_SHIFT;
        uint32_t octaves = (below > 65535 ? 65535 : below) * OCTAVE_MULTIPLIER >> 16;
        uint32_t part = octaves & 255, whole = octaves >> 8;
        shares[k] = (32768 - (part * (11008 - 11 * part) >> 7)) >> (whole > 31 ? 31 : whole);
        total += shares[k];
    }
    for (k = 0; k < DIGITS_CLASSES; k++)
        probabilities[k] = (uint16_t)((shares[k] * 65535 + total / 2) / total);
    return top;
}

/* How a grey picture shows its ink. */
typedef struct {
    const uint8_t *picture;
    uint16_t width, left, top;
    uint8_t flip; /* 255 for dark ink on light paper, which is turned round */
    uint8_t paper, span;
} view_t;

static uint8_t ink_at(const view_t *v, uint16_t x, uint16_t y)
{
    uint8_t value = v->picture[(uint32_t)(v->top + y) * v->width + v->left + x] ^ v->flip;
    uint8_t above = value > v->paper ? (uint8_t)(value - v->paper) : 0;
    return (uint8_t)(above * 8U > v->span ? above * 255U / v->span : 0);
}

static uint16_t covered(uint32_t source, uint32_t source_end, uint32_t target, uint32_t target_end)
{
    uint32_t from = source > target ? source : target;
    uint32_t to = source_end < target_end ? source_end : target_end;
    return (uint16_t)(to - from);
}

/* The mean ink over the area of the target pixel x, y: (w, h) pixels become (to_w, to_h). */
static uint8_t mean_ink(const view_t *v, uint16_t w, uint16_t h, uint16_t to_w, uint16_t to_h,
                        uint8_t x, uint8_t y)
{
    uint32_t sum = 0, left = (uint32_t)x * w, top = (uint32_t)y * h, i, j;
    for (j = top / to_h; j * to_h < top + h; j++)
        for (i = left / to_w; i * to_w < left + w; i++)
            sum += (uint32_t)covered(j * to_h, (j + 1) * to_h, top, top + h) *
                   covered(i * to_w, (i + 1) * to_w, left, left + w) *
                   ink_at(v, (uint16_t)i, (uint16_t)j);
    return (uint8_t)((sum + (uint32_t)w * h / 2) / ((uint32_t)w * h));
}

/* Where 0..size goes so that its centre of mass is the tile's. */
static uint8_t offset(uint32_t moment, uint32_t mass, uint16_t size)
{
    uint32_t at = 29 * mass > 2 * moment ? (29 * mass - 2 * moment) / (2 * mass) : 0;
    return (uint8_t)(at > 28U - size ? 28U - size : at);
}

/*
 * Frame one digit as the model knows it: its longer side 20 pixels, its centre of mass in the
 * middle of 28x28. picture: width x height grey levels (at most 4096 x 4096), dark on light or
 * light on dark: the paper is what the border shows. Returns 1, or 0 where nothing is to be seen.
 */
int digits_frame(const uint8_t *picture, uint16_t width, uint16_t height, uint8_t tile[784])
{
    view_t v = {0, 0, 0, 0, 0, 0, 0};
    uint32_t border = 0, count = 2 * ((uint32_t)width + height), mass = 0, across = 0, down = 0;
    uint16_t x, y, right = 0, bottom = 0, w, h, longest, to_w, to_h;
    uint8_t low = 255, high = 0, dx, dy;
    v.picture = picture;
    v.width = width;
    for (y = 0; y < height; y++)
        for (x = 0; x < width; x++) {
            uint8_t value = picture[(uint32_t)y * width + x];
            low = value < low ? value : low;
            high = value > high ? value : high;
            /* corners lie on two sides, and in a picture one pixel wide or high all do */
            border += (uint32_t)value *
                      (uint32_t)((x == 0) + (y == 0) + (x + 1 == width) + (y + 1 == height));
        }
    memset(tile, 0, 784);
    if (count == 0 || width == 0 || height == 0)
        return 0;
    if (2 * border > count * ((uint32_t)low + high)) {
        v.flip = 255;
        border = 255 * count - border;
        high = (uint8_t)(255 - low);
    }
    v.paper = (uint8_t)(border / count);
    if (high < v.paper || high - v.paper < 16)
        return 0;
    v.span = (uint8_t)(high - v.paper);

    v.left = width;
    v.top = height;
    {
        view_t whole = v;
        whole.left = whole.top = 0;
        for (y = 0; y < height; y++)
            for (x = 0; x < width; x++)
                if (ink_at(&whole, x, y)) {
                    v.left = x < v.left ? x : v.left;
                    v.top = y < v.top ? y : v.top;
                    right = x > right ? x : right;
                    bottom = y > bottom ? y : bottom;
                }
    }
    w = to_w = (uint16_t)(right - v.left + 1);
    h = to_h = (uint16_t)(bottom - v.top + 1);
    longest = w > h ? w : h;
    if (longest != 20 && longest != 21) {
        to_w = (uint16_t)((40UL * w + longest) / (2UL * longest));
        to_h = (uint16_t)((40UL * h + longest) / (2UL * longest));
        to_w = to_w ? to_w : 1;
        to_h = to_h ? to_h : 1;
    }
    for (dy = 0; dy < to_h; dy++)
        for (dx = 0; dx < to_w; dx++) {
            uint8_t ink = mean_ink(&v, w, h, to_w, to_h, dx, dy);
            tile[28 * dy + dx] = ink;
            mass += ink;
            across += (uint32_t)ink * dx;
            down += (uint32_t)ink * dy;
        }
    if (mass == 0)
        return 0;
    dx = offset(across, mass, to_w);
    dy = offset(down, mass, to_h);
    for (y = 28; y-- > 0;) /* move it there, from the end on */
        for (x = 28; x-- > 0;) {
            int inside = y >= dy && x >= dx && y - dy < to_h && x - dx < to_w;
            tile[28 * y + x] = inside ? tile[28 * (y - dy) + x - dx] : 0;
        }
    return 1;
}

#ifdef DIGITS_TEST
/* Drawn digits of 14x14 pixels, a letter each, a paper to p ink; their logits and
 * probabilities. */
static const char pictures[][14 * 14 + 1] IN_FLASH = {
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa"
    "aaaacdaaaaaaaa"
    "aaaanoaaaeeaaa"
    "aaabplaaannaaa"
    "aaagpiaaapmaaa"
    "aaakpfaacpkaaa"
    "aaanpokghpiaaa"
    "aaaioppppphaaa"
    "aaaaacfjopfaaa"
    "aaaaaaaampdaaa"
    "aaaaaaaanpaaaa"
    "aaaaaaaadeaaaa"
    "aaaaaaaaaaaaaa",
    "pppppppppppppp"
    "ppppppppppippp"
    "pppppppniipppp"
    "pppppnikpppppp"
    "ppppjkpppppppp"
    "pppjoppppppppp"
    "pppipiiiijpppp"
    "pppipppppojppp"
    "pppippppppippp"
    "ppppipppppippp"
    "pppplipppioppp"
    "ppppppiiiopppp"
    "pppppppppppppp"
    "pppppppppppppp",
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa"
    "aaaaadjnppoeaa"
    "aaaafpohddphaa"
    "aaaabeaaacpgaa"
    "aaaaaaaacnnbaa"
    "aaaaaaafpnbaaa"
    "aaaaaclpkbaaaa"
    "aaaahpnfaaaaaa"
    "aacmpjaaaaaaaa"
    "aappoiggcaaaaa"
    "aacgillpoaaaaa"
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa",
    "pppppppppppppp"
    "pppppppppppppp"
    "pppppppppppppp"
    "pppojkllmopppp"
    "pppjbeedbbpppp"
    "pppjipppifpppp"
    "ppppppppdkpppp"
    "pppppppoappppp"
    "ppppppkgbfgppp"
    "pppppneafjmppp"
    "pppppppaoppppp"
    "ppppppkdpppppp"
    "ppppppfipppppp"
    "pppppplopppppp",
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa"
    "aaakmkhebaaaaa"
    "aaaaadgmkaaaaa"
    "aaaaaadnbaaaaa"
    "aaaaacncaaaaaa"
    "aaaaakldaaaaaa"
    "aaaaaafknfaaaa"
    "aaaaaaaabmdaaa"
    "aaaaaaaaahgaaa"
    "aaaagjcaamdaaa"
    "aaaaaflnnhaaaa"
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa",
    "pppppppppppppp"
    "pppppppppppppp"
    "pppilllmpppppp"
    "ppplpppppppppp"
    "ppplpppppppppp"
    "ppplpppppppppp"
    "pppkllllnppppp"
    "ppppppppnkpppp"
    "pppppppppnnppp"
    "pppppppppplppp"
    "ppppppppppompp"
    "pppppnlllllhpp"
    "pppppppppppppp"
    "pppppppppppppp",
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa"
    "aaaaagldaaaaaa"
    "aaaadialaaaaaa"
    "aaaaibagfaaaaa"
    "aaaakaalhaaaaa"
    "aaaakaghiaaaaa"
    "aaaadlialaaaaa"
    "aaaaaaaafiaaaa"
    "aaaaaaaaaheaaa"
    "aaaaaaaaageaaa"
    "aaaahkkkkkaaaa"
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa",
    "pppppppppppppp"
    "pppppppppppppp"
    "pppppnkjoppppp"
    "ppppjedcfppppp"
    "pppmccjhcipppp"
    "ppphfjpodcoppp"
    "pppdgpppjdhppp"
    "pppdfppppeeppp"
    "pppffippphdppp"
    "pppnecjpphfppp"
    "ppppnfdgkffppp"
    "pppppneccdkppp"
    "ppppppplikpppp"
    "pppppppppppppp",
    "aaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa"
    "aaaaacggbaaaaa"
    "aaaagppppncaaa"
    "aaaaombfppcaaa"
    "aaaannakpiaaaa"
    "aaaaipmpnaaaaa"
    "aaaacpppkaaaaa"
    "aaaanpkopjaaaa"
    "aaafphabnpeaaa"
    "aaacoojdlpfaaa"
    "aaaabkppplaaaa"
    "aaaaaacgdaaaaa"
    "aaaaaaaaaaaaaa",
    "pppppppppppppp"
    "pppppppppppppp"
    "pppppppppppppp"
    "ppppplhedppppp"
    "ppppphihfppppp"
    "pppppppiippppp"
    "pppppppelppppp"
    "pppppppcoppppp"
    "ppppppocpppppp"
    "ppppppkfpppppp"
    "pppppphipppppp"
    "ppppppflpppppp"
    "ppppppdopppppp"
    "pppppppppppppp",
};
static const int32_t expected[][DIGITS_CLASSES] IN_FLASH = {
    {-391297, -195083, -230818, -411786, 235933, -285214, -305910, -127681, -157828, -90298},
    {-129734, -250543, -325300, -86143, -287675, 117183, -42288, -297303, -87917, -134529},
    {-129504, -256859, 113829, -126767, -258997, -315374, -275815, -98546, -118191, -226042},
    {-341644, -205954, -34721, -50407, -134994, -291344, -409755, 164382, -214075, -92799},
    {-403650, -140108, -221023, 183268, -339529, -35820, -287650, -171707, -205272, -219951},
    {-146646, -157511, -93120, -92774, -149524, 40170, -83947, -64060, -132945, -55141},
    {-404851, -211286, -241659, -37755, -113175, -101773, -253518, -268290, -244118, -610},
    {144665, -301554, -154456, -239266, -250562, -143693, -83548, -268452, -161570, -63281},
    {-280349, -378671, -200390, -140449, -268099, -195859, -198987, -385642, 137445, -146318},
    {-330389, -18403, -157329, -103385, -111277, -229515, -350405, 37954, -113735, -71693},
};
static const uint16_t shares_expected[][DIGITS_CLASSES] IN_FLASH = {
    {0, 0, 0, 0, 65535, 0, 0, 0, 0, 0},
    {2, 0, 0, 14, 0, 65419, 88, 0, 12, 0},
    {2, 0, 65519, 2, 0, 0, 0, 8, 4, 0},
    {0, 0, 16, 8, 0, 0, 0, 65511, 0, 0},
    {0, 0, 0, 65529, 0, 6, 0, 0, 0, 0},
    {27, 17, 250, 252, 23, 62519, 364, 834, 48, 1202},
    {0, 8, 2, 11378, 497, 800, 0, 0, 2, 52849},
    {65521, 0, 0, 0, 0, 0, 4, 0, 0, 10},
    {0, 0, 0, 0, 0, 0, 0, 0, 65535, 0},
    {0, 5706, 16, 167, 120, 0, 0, 58792, 109, 624},
};

int main(void)
{
    static uint8_t picture[14 * 14], tile[784];
    int32_t logits[DIGITS_CLASSES];
    uint16_t probabilities[DIGITS_CLASSES];
    uint16_t i, k, wrong = 0;
    for (i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (k = 0; k < sizeof picture; k++)
            picture[k] = (uint8_t)((BYTE_AT(pictures[i], k) - 'a') * 17);
        wrong = (uint16_t)(wrong + !digits_frame(picture, 14, 14, tile));
        digits_logits(tile, logits);
        for (k = 0; k < DIGITS_CLASSES; k++)
            wrong = (uint16_t)(wrong + (logits[k] != (int32_t)LONG_AT(expected[i], k)));
        k = (uint16_t)digits_predict(tile, probabilities);
        wrong = (uint16_t)(wrong + (logits[k] < logits[0] || probabilities[k] < probabilities[0]));
        for (k = 0; k < DIGITS_CLASSES; k++)
            wrong = (uint16_t)(wrong + (probabilities[k] != WORD_AT(shares_expected[i], k)));
    }
    return wrong ? 1 : 0;
}
#endif
