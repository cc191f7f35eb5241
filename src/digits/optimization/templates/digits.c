/*
@about@
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

@defines@

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

@tables@

static uint8_t ram[@ram@];                         /* the rows of all stages */
static uint16_t got[DIGITS_STAGES], made[DIGITS_STAGES]; /* rows that came in, that went out */
static int32_t sums[DIGITS_CLASSES];
@best@
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
/* Drawn digits of @side@x@side@ pixels, a letter each, a paper to p ink; their logits and
 * probabilities. */
static const char pictures[][@side@ * @side@ + 1] IN_FLASH = {
@pictures@
};
static const int32_t expected[][DIGITS_CLASSES] IN_FLASH = {
@expected@
};
static const uint16_t shares_expected[][DIGITS_CLASSES] IN_FLASH = {
@shares@
};

int main(void)
{
    static uint8_t picture[@side@ * @side@], tile[784];
    int32_t logits[DIGITS_CLASSES];
    uint16_t probabilities[DIGITS_CLASSES];
    uint16_t i, k, wrong = 0;
    for (i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (k = 0; k < sizeof picture; k++)
            picture[k] = (uint8_t)((BYTE_AT(pictures[i], k) - 'a') * 17);
        wrong = (uint16_t)(wrong + !digits_frame(picture, @side@, @side@, tile));
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
