/*
 * Handwritten digits, read with integers alone. Made by `digits optimize`; not edited.
 *
 * Model      micro: `tiny` with 5-6-7-8-8 channels: under 2,000 parameters.
 * SHA-256    592093dcc9d6a16205a4e672c6dbf6c1e6ac49b737a9c235d4ecf469025000ff (of the checkpoint's
 *            content)
 * Accuracy   99.23% of 10,000 test digits (float32: 99.22%)
 * Input      28x28 grey levels uint8, 0 paper to 255 ink (bright ink on black), the digit's longer
 *            side 20 pixels, its centre of mass at 14.0, 14.0
 * Built      6,031 bytes of flash, 1,366 of RAM, by cc -Os for x86_64
 * Constants  2,131 bytes of weights (8 bits) and tables
 * RAM        1,330 bytes, and the stack
 * Work       279,612 multiplications a tile
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
#define DIGITS_READ 63123
#define DIGITS_SCALE 7.193839713e-05f
#define DIGITS_BITS 8
#define DIGITS_TABLES 2131
#define DIGITS_STAGES 5
#define DIGITS_MOST_ROWS 4
#define DIGITS_SKIPS 0
#define OCTAVE_MULTIPLIER 59435U
#define OCTAVE_SHIFT 5
#define HEAD_REDUCTION 1
#define HEAD_HEIGHT 6
#define HEAD_WIDTH 6
#define HEAD_IN 8
#define HEAD_ROW (ram + 1222)
#define HEAD_WEIGHTS 1773U
#define HEAD_CHANNEL 34

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
    -127, -13, -116, -107, -81, -88, 93, 103, 45, 11, -114, -51, -127, -44, 91, -86, 46, 111, 3,
    -54, -32, 14, -6, 33, 3, 127, -7, -63, -23, -111, -11, -4, -67, -57, 1, -127, -25, 82, 77, -63,
    10, -70, -127, -58, -111, 2, -58, -24, 24, 26, -4, -14, -5, 32, -5, -40, -37, 13, 6, -27, 8,
    -13, 0, 42, -34, -11, 9, 14, 20, -25, -35, -12, 16, -39, -26, 50, -5, 31, -5, -80, 6, 14, 5,
    -69, -32, -40, 22, -4, -127, -21, -15, -77, 11, 16, 12, 15, 15, 53, 32, -56, 42, 45, 68, 26,
    -127, 74, -91, -26, -80, 46, 57, -86, 25, -76, 52, 100, -54, 76, -75, 48, -23, -85, -57, 7, 22,
    1, -106, -93, -14, 69, -59, -105, -32, -86, 94, -91, 12, 29, -59, -84, 26, 25, 33, -9, 37, 6,
    54, -127, -50, 92, -121, 21, -15, -59, -55, 44, -9, 29, 29, 24, 41, 10, -20, 54, 92, -104, -8,
    -26, -52, -121, -9, -86, 23, 15, -1, 7, -2, 19, 34, 7, 127, -84, -8, 77, -12, 25, -32, -82, 40,
    -28, -31, -5, -109, 41, 24, 52, 42, 63, -7, -24, -4, -44, 12, 2, 7, -28, -71, -73, 13, 108, 24,
    65, 9, -62, -107, -46, 12, 31, -40, -79, -49, 36, 13, 8, 7, 54, 21, 8, 14, -54, 62, 19, 5, -12,
    -56, 43, 38, -64, -127, 0, 8, -4, -47, 13, -38, -34, -57, -106, 1, -29, -118, 4, -86, -63, 37,
    3, -35, 18, -32, -14, -56, -98, 48, -17, 21, -26, -17, 98, 45, 5, -15, 23, -61, 32, -19, -79,
    -11, 2, -31, -12, -43, -106, 28, -127, 40, 62, -45, -55, 81, 15, 1, -24, -5, 32, -16, -112, -59,
    38, -80, 19, 74, 2, -24, 108, -2, 12, 14, 13, 56, 1, -83, -7, 32, -67, 7, -21, 107, 59, -8, -9,
    -15, -14, 66, 32, -3, 42, 3, 9, 50, 32, 9, 35, 127, -32, 37, 20, -70, 75, -20, 19, -7, -2, -27,
    96, -28, 37, -62, -10, -23, -10, 10, -13, -1, 27, -35, 60, 5, 10, -43, -23, -18, -28, -23, -40,
    25, -27, -8, 18, -86, -43, -5, -24, -3, 75, 14, -13, 7, -26, -127, -8, -4, 10, 8, 50, 27, -17,
    53, -41, 53, -83, 99, 86, 16, -2, 23, -42, 24, 57, 43, 27, 6, -7, -60, -7, 74, -2, -6, -38, 48,
    6, -25, 35, 36, 33, 55, -7, -81, 85, 2, 27, -45, 14, -91, 75, -8, -57, -114, 11, 0, 55, -40, -6,
    60, -74, 20, -4, -3, 35, 75, -33, -113, -3, 11, -28, -92, -45, 56, -41, 56, 32, 36, -46, 33,
    -15, -80, 55, -21, 35, 14, -97, -2, -93, -62, -46, 37, -105, -12, -55, -127, 72, -40, -77, -120,
    -80, -81, 46, -123, -30, -61, -127, 13, 24, -36, 12, -9, -62, -5, -53, -27, -7, 44, -40, 23,
    -21, -101, 17, -19, -17, -3, 15, -13, 34, 31, 5, 6, -1, 26, -21, 84, -9, 36, 30, 38, -10, 23,
    -50, -32, 6, 16, 15, 1, -14, 4, -9, 33, -13, 28, -45, 54, -22, 3, 68, 5, 59, -127, -19, -23,
    -25, 63, 13, -26, 62, 50, -95, -10, -21, 4, 44, -8, 21, 44, 87, -105, 20, -56, -2, 82, -57, -9,
    63, 35, -53, -29, -67, 92, 27, -8, 72, 97, 107, 59, -29, -68, 6, 27, 13, 24, -14, 30, -56, 10,
    -13, 61, -117, -40, 5, 21, 14, 22, -54, -26, -27, 11, 1, 33, -11, -38, -43, -17, -127, -51, -85,
    52, -27, 68, -77, 49, 37, 27, -22, -10, -63, -1, -4, 2, 52, -41, -112, -59, -56, -5, -84, -82,
    -71, -67, 16, -10, 0, -85, -41, 6, 19, -7, 93, 35, 52, 43, 104, 70, -58, -122, 14, 83, 16, 5,
    -44, -91, -11, -32, 70, -48, -69, 6, -7, 4, 3, -10, 5, -99, 80, -12, 27, 26, 4, -68, 24, -110,
    93, -59, 23, 4, -22, -20, 65, -81, 109, 89, 52, 126, -80, 127, 72, 95, -15, -19, 6, 12, 124, 78,
    -24, -48, 106, -23, -38, -79, -5, 27, 32, -94, 17, 4, 29, 63, -96, -28, 37, 53, -80, -10, -55,
    -40, 54, 10, 68, 11, -119, -14, 6, 4, -127, 16, 34, -32, -16, -86, -9, 18, -3, -36, 31, -20, -3,
    8, 34, 30, -37, -4, -28, -7, -51, -73, 29, 43, -30, -17, -3, -9, -1, 15, 58, 11, 84, 46, -21,
    -4, 75, -44, -85, -82, -31, 63, 19, -38, 70, -127, -47, -9, -1, 4, 36, 113, 21, -96, 69, -6,
    -33, 42, -62, -2, -10, -49, 58, 6, -82, -38, -96, 7, -28, -28, -56, -24, 88, 18, -33, 19, -8,
    18, 18, -50, -14, -85, -44, 46, 9, 16, -32, 22, -19, 20, -58, -105, 36, 60, 28, 9, -22, -34,
    -20, -17, 23, -23, -27, 14, 33, 3, -66, -4, 25, -9, 1, -21, -2, -3, -23, -15, -85, 49, 23, -18,
    -15, 4, -26, -55, 44, -19, -56, 8, 33, 17, 50, 5, -73, -90, -36, 17, -61, 10, 3, -16, -73, 19,
    75, 44, 43, 39, -37, -72, 109, 60, 26, 37, -10, -71, -12, -32, 11, -7, 101, 8, -65, -127, -115,
    56, 14, -11, 117, -26, -57, -18, -12, -8, -51, 96, -34, 39, -11, -57, -65, -16, 67, 13, -42, 81,
    52, -64, 9, -13, 8, 5, -61, -21, -34, -26, -7, 9, 47, 29, -3, -24, 73, 7, -7, 4, 10, 58, -83,
    -17, -14, -25, 71, -52, -9, -52, -48, 18, -9, -35, -24, 78, -27, 64, 8, 67, -127, -92, 37, 19,
    -41, 15, -13, -25, 56, -1, -2, -9, 10, -58, -46, 41, -47, 13, -40, -75, -12, -53, 12, 65, 94,
    -29, -67, -48, -8, 38, -23, 13, 8, -9, -48, -14, -9, -10, -10, -12, -43, -8, 67, -56, 74, 67,
    21, -7, -81, 56, -5, 26, -27, 1, -3, -34, 35, -104, 31, -48, -50, -70, 38, 52, -127, 40, 6, 24,
    16, 85, 80, 84, 96, 48, 54, 31, 4, 22, -4, 95, -52, 76, 64, 14, -82, -35, -52, -2, -43, 8, 47,
    32, 42, -16, -1, -57, 8, 68, 59, 9, -12, -60, -71, 62, 127, 54, -15, 9, -65, -47, 96, -22, -17,
    76, 10, -63, -11, 40, -43, -69, 50, -66, -88, -122, 44, -41, -40, -7, 118, 54, 70, 83, -101, -4,
    -65, 81, 42, -33, 31, -112, 19, -75, 19, 53, 32, -61, -127, -18, 7, 41, -77, -3, 25, -117, -39,
    -24, -17, -37, 20, -36, -6, -7, -4, -82, -32, 69, -54, 59, -35, 48, -28, 31, -91, 85, -68, -38,
    -18, -8, 55, -29, 10, 9, -14, 24, -11, 37, 30, 45, 50, -13, 10, 32, 58, -11, -1, -9, -25, 50,
    -16, 27, 21, -12, -4, -3, 21, -65, 36, 21, -127, -65, 24, 43, 50, 36, -73, -46, -43, 6, -43, -8,
    -60, -8, 8, -31, 20, -12, 4, -91, -37, -52, 48, 70, 17, 22, -23, -121, 3, 50, 26, -28, 28, -14,
    -64, -3, 7, -15, -36, 43, -82, -74, 18, 77, -89, -16, 4, 18, -29, 127, -3, 19, 111, 29, 26, 43,
    -44, 48, 10, 35, 66, 36, 20, 23, -41, 48, 41, 38, 101, 70, -30, -22, -39, 0, -8, -60, 1, 58, -9,
    8, 4, 14, -11, 15, 6, 30, 0, 14, 19, 32, 7, 26, 48, 62, -43, -6, 40, -111, 29, -92, -11, 66,
    -21, -2, 30, -74, 2, 3, -36, 48, -80, 17, 15, -67, 20, 20, -40, 74, 109, 79, -61, -49, 64, 32,
    -6, 7, 35, 26, 2, -29, -16, 7, -17, 45, 1, -7, 68, -1, -68, 104, 10, 76, 30, -32, -5, -19, 59,
    -5, 18, -19, -17, -27, 37, 16, 23, 31, 3, 13, -28, 15, 68, -20, -29, 109, -6, -8, 11, -7, -12,
    -113, 83, -23, 51, -8, -38, 44, -2, -57, 76, 3, 19, -33, -91, 37, 27, -120, 108, 22, 21, -127,
    -76, 27, -22, -40, 34, 29, -29, 32, -38, 9, 18, -12, 23, -11, 3, 35, -21, 30, 7, -66, 50, -77,
    26, 6, -24, 12, 9, -24, -20, 28, -27, -17, -18, -8, 21, -17, -7, -28, 8, 9, 8, 17, 54, -30, 27,
    -113, 29, 7, 55, 34, 58, -19, -20, 91, -79, 39, 58, -8, 56, -58, -8, 67, -45, 48, 101, 42, 127,
    -9, -33, 32, 21, 58, 14, -1, -81, -27, -75, -18, 55, -24, -2, -4, -23, 18, -2, 19, 4, 13, -26,
    30, -44, 22, 1, 57, -42, 39, -31, 48, -78, -15, -10, -17, 57, -49, -33, -12, -17, 0, 13, -4, 2,
    -34, -2, -19, -39, 5, 6, 30, -46, -25, -13, -41, 1, -19, 45, -22, 127, -9, -13, -102, 2, -22,
    58, -15, 67, -34, 24, -66, -21, -26, 36, 30, 15, -87, 9, -91, 35, -53, -108, -42, 14, 8, 34,
    -74, 7, -24, -25, -23, 1, 25, 96, -97, -54, -17, -22, -6, 26, 52, -18, -25, 127, -14, -60, 2,
    -28, 2, 15, -18, -5, 8, 21, -7, -10, 26, 57, 12, -40, -21, 31, 30, -16, 40, -41, 37, 63, -56,
    -6, 84, -10, 8, 4, 0, -34, 22, 37, 35, 5, 30, 67, 4, 4, 64, 68, 45, -9, 35, -16, 109, 55, 63,
    -71, 91, -125, -28, -46, 57, 56, 50, 27, 53, -27, 4, -90, 58, 24, 99, 38, 118, 30, -121, 38, 50,
    28, -44, 33, 37, -3, 31, 9, 18, 22, -67, 77, 12, 24, 7, -42, 5, -28, -14, 52, -21, -21, -118,
    127, 59, -15, -24, -35, -42, -15, 2, 90, 51, 35, -49, 18, -28, 34, 7, 54, 15, 38, -18, 5, -86,
    20, -111, 113, 12, -94, -6, 43, 3, -127, 9, 36, 13, -49, 42, 31, 40, -55, 26, 25, 10, -29, 64,
    -4, 25, -63, 34, 40, -33, -57, -43, 14, 19, -39, 38, 12, -8, -6, 3, 24, 36, -19, 6, 1, 15, -33,
    9, 9, 7, -59, 11, 28, -23, -9, 23, -23, -22, -5, 79, -5, -5, 11, -26, -1, -20, 5, 29, -55, 34,
    -4, -56, -14, -61, -50, 27, 5, 43, 61, 4, 53, 79, -45, 59, -22, 36, 12, 33, 20, 2, -7, 39, -35,
    -16, -75, 18, 74, -90, 25, 28, 68, 33, 5, -3, 35, 30, -31, 33, 27, 29, 10, -1, -32, -8, -4, -1,
    36, -31, -34, 5, 70, -48, 16, 2, 16, -23, -74, -23, 97, 18, -9, -14, -24, -82, -58, 18, 61, 17,
    -5, -5, 44, -127, -64, 66, 52, -7, 31, 67, -63, -92, 98, -30, -76, 79, -5, -22, -29, -107, -7,
    65, 10, -110, 56, -48, 24, -66, 44, -22, 70, -13, -102, 8, 58, 64, 3, 27, -15, -71, -127, -60,
    -73, -14, -64, -31, 56, -85, 32, 77, -22, 61, -45, 27, -11, 41, -24, -97, -97, 37, 0, -98, 28,
    30, 59, -101, 76, -111, -106, 16, -11, 0, -14, 28, 47, 31, 37, -76, -69, -45, 26, -35, -43, 22,
    -45, -32, -92, 22, -16, 78
};
static const int32_t biases[] IN_FLASH = {
    18858, 5522, 833, 19612, 9310, 20638, 4897, 5764, 2477, 14753, 10132, 7055, -6899, 19000, 1509,
    -7081, 8285, -6388, 1968, 7632, -4513, -1562, 636, -4694, -1544, 4886, -8118, -5815, -801, 7415,
    -1370, -8827, 4355, -4997, 1816, 18772, 3463, 1097, -4431, -12500, 4582, 2625, -708, 3508
};
static const uint16_t multipliers[] IN_FLASH = {
    49856, 51061, 49170, 34330, 61510, 58990, 50694, 44100, 39251, 46298, 37031, 56193, 46835,
    38115, 46736, 33889, 34012, 49087, 40952, 38449, 38666, 38380, 38332, 54190, 33238, 52172,
    52824, 33246, 58259, 32898, 58094, 39279, 53648, 60521
};
static const uint8_t shifts[] IN_FLASH = {
    24, 24, 23, 23, 24, 24, 24, 23, 23, 23, 23, 24, 23, 23, 23, 23, 23, 24, 23, 23, 23, 23, 23, 24,
    23, 23, 24, 23, 24, 23, 24, 24, 24, 24
};
static const stage_t stages[] IN_FLASH = {
    {0, 0, 0, 28, 1, 5, 26, 3, 3, 1, 0, 33, NO_POOL, 3, 3, 0},
    {45, 84, 5, 26, 5, 6, 12, 3, 3, 1, 0, 0, MEAN_POOL, 4, 4, 0},
    {315, 604, 11, 12, 6, 7, 10, 3, 3, 1, 0, 0, NO_POOL, 3, 3, 0},
    {693, 820, 18, 10, 7, 8, 8, 3, 3, 1, 0, 0, NO_POOL, 3, 3, 0},
    {1197, 1030, 26, 8, 8, 8, 6, 3, 3, 1, 0, 0, NO_POOL, 3, 3, 0},
};

static uint8_t ram[1270];                         /* the rows of all stages */
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
    {-181821, -112186, -112665, -230509, 83683, -173121, -106562, -161232, -90391, -44364},
    {-36962, -241638, -151555, -92021, -208866, 63115, 91, -223481, -50628, -51538},
    {-115134, -102968, 71798, -38730, -121307, -159429, -234354, -50596, -48069, -165742},
    {-224995, -72368, 45407, -10481, -51410, -146279, -306571, 128098, -63924, -96615},
    {-242714, -110249, -112130, 88411, -152209, 33132, -213061, -144476, -72774, -109125},
    {-103498, -46046, -86113, -22756, -102045, 29220, -149031, -30936, -126010, -45819},
    {-148568, -77426, -85452, -47286, -24987, -50838, -133920, -152096, -90747, -50891},
    {70491, -177771, -60120, -180856, -178802, -46776, -33675, -115074, -51834, -55446},
    {-166571, -347785, -77202, -11292, -211714, -86930, -151429, -242224, 64915, -85308},
    {-90460, -25504, -44115, -29909, -72111, -74747, -183877, 10101, -35059, -39441},
};
static const uint16_t shares_expected[][DIGITS_CLASSES] IN_FLASH = {
    {0, 0, 0, 0, 65533, 0, 0, 0, 0, 2},
    {30, 0, 0, 0, 0, 64972, 516, 0, 10, 8},
    {0, 0, 65513, 12, 0, 0, 0, 4, 6, 0},
    {0, 0, 114, 0, 0, 0, 0, 65421, 0, 0},
    {0, 0, 0, 64604, 0, 931, 0, 0, 0, 0},
    {2, 195, 8, 1173, 2, 63328, 0, 626, 0, 201},
    {3, 785, 424, 7968, 43977, 6058, 9, 1, 283, 6026},
    {65495, 0, 2, 0, 0, 8, 22, 0, 4, 4},
    {0, 0, 0, 187, 0, 0, 0, 0, 65348, 0},
    {24, 3602, 864, 2576, 100, 81, 0, 55317, 1732, 1239},
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
