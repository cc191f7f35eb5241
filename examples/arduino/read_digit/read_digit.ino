/*
 * Reads one digit from a small grey picture, and prints it. Copy models/pretrained/tiny.c here first.
 *
 * The picture here is a 7 of 14x14 pixels, light on dark, as a camera or a touch screen would give
 * it; put your own in its place: any size, dark on light or light on dark.
 */
const uint8_t CLASSES = 10; /* DIGITS_CLASSES of the file: 11 where it knows what is no digit */

extern "C" {
int digits_frame(const uint8_t *picture, uint16_t width, uint16_t height, uint8_t tile[784]);
int digits_predict(const uint8_t tile[784], uint16_t probabilities[CLASSES]);
}

const uint16_t SIDE = 14;
const char DRAWN[] =
    "              "
    "              "
    "   #########  "
    "   #########  "
    "         ###  "
    "        ###   "
    "        ##    "
    "       ###    "
    "       ##     "
    "      ###     "
    "      ##      "
    "     ###      "
    "     ##       "
    "              ";

uint8_t picture[SIDE * SIDE], tile[784];
uint16_t probabilities[CLASSES];

void setup()
{
    Serial.begin(115200);
}

void loop()
{
    for (uint16_t i = 0; i < SIDE * SIDE; i++)
        picture[i] = DRAWN[i] == '#' ? 255 : 0;
    if (digits_frame(picture, SIDE, SIDE, tile)) {
        int digit = digits_predict(tile, probabilities);
        Serial.print(digit);
        Serial.print(' ');
        Serial.println(probabilities[digit]);
    }
    delay(1000);
}
