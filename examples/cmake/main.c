/*
 * Reads one digit: read_digit seven.pgm
 *
 * The picture is a binary PGM (P5) of at most 255 levels, dark on light or light on dark. Prints the
 * digit and its probability in percent, and "unsure" where it is not to be relied on. Exits with 0,
 * or with 1 where there is nothing to be read.
 */
#include <stdio.h>

#include "tiny.c" /* of models/pretrained/, or one of your own */

int main(int argc, char **argv)
{
    static uint8_t picture[512 * 512], tile[784];
    uint16_t probabilities[DIGITS_CLASSES];
    unsigned width, height;
    int digit;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: read_digit PICTURE.pgm\n");
        return 1;
    }
    if (fscanf(file, "P5 %u %u 255", &width, &height) != 2 || fgetc(file) == EOF || width > 512 ||
        height > 512 || fread(picture, width, height, file) != height) {
        fprintf(stderr, "%s: not a PGM picture (P5, 255) of at most 512x512\n", argv[1]);
        fclose(file);
        return 1;
    }
    fclose(file);
    if (!digits_frame(picture, (uint16_t)width, (uint16_t)height, tile)) {
        fprintf(stderr, "%s: nothing to be seen\n", argv[1]);
        return 1;
    }
    digit = digits_predict(tile, probabilities);
    printf("%d %d%%%s\n", digit, probabilities[digit] * 100 / 65535,
           probabilities[digit] < DIGITS_READ ? " unsure" : "");
    return 0;
}
