/*
 * Runs the self-test of a model's digits.c on a chip or in its emulator, and says what it took:
 * prints "wrong W ticks T", W 0 where all is as it should be, T the clock's ticks for one tile.
 */
#define main self_test
#define DIGITS_TEST
#include "digits.c"
#undef main
#include <stdio.h>
#include <stdlib.h>

#if defined __AVR__ /* a tick is 1,024 cycles */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

static int put(char letter, FILE *file)
{
    (void)file;
    UDR0 = (uint8_t)letter;
    return 0;
}
static FILE out = FDEV_SETUP_STREAM(put, NULL, _FDEV_SETUP_WRITE);

static void begin(void)
{
    UCSR0B = 1 << TXEN0;
    stdout = &out;
    TCCR1B = (1 << CS12) | (1 << CS10);
    TCNT1 = 0;
}
static uint32_t ticks(void) { return TCNT1 | (uint32_t)(TIFR1 & 1) << 16; } /* overflown once */
static void end(int code)
{
    (void)code;
    cli();
    sleep_enable();
    sleep_cpu(); /* the emulator ends here */
}
#elif defined __riscv /* a tick is an instruction */
static uint32_t first;
static uint32_t now(void)
{
    uint32_t count;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop"
                     : "=r"(count));
    return count;
}
static void begin(void) { first = now(); }
static uint32_t ticks(void) { return now() - first; }
static void end(int code) { exit(code); }
#else /* SysTick of a Cortex-M: a tick is one of the processor's clock, which counts down */
#define SYSTICK ((volatile uint32_t *)0xE000E010)
static void begin(void)
{
    SYSTICK[1] = 0xFFFFFF;
    SYSTICK[2] = 0;
    SYSTICK[0] = 5;
}
static uint32_t ticks(void) { return 0xFFFFFF - SYSTICK[2]; }
static void end(int code) { exit(code); }
#endif

int main(void)
{
    static uint8_t tile[784];
    uint16_t probabilities[DIGITS_CLASSES];
    unsigned long took;
    int wrong;
    begin();
    digits_predict(tile, probabilities);
    took = ticks();
    wrong = self_test();
    printf("wrong %d ticks %lu\n", wrong, took);
    end(wrong);
    return wrong;
}
