"""Read what a webcam sees, in a window; q ends it. `pip install opencv-python` brings the window,
which opencv-python-headless lacks."""

import cv2

import digits

reader = digits.Reader()
camera = cv2.VideoCapture(0)
while True:
    there, frame = camera.read()  # (H, W, 3) uint8, blue first
    if not there:
        break
    answer = reader.read(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    for row in answer.rows:
        x, y, width, height = (round(side) for side in row.box)
        cv2.rectangle(frame, (x, y), (x + width, y + height), (0, 160, 0), 2)
    if answer.status == "read":
        text = answer.text.replace("\n", " / ")
        cv2.putText(frame, text, (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 160, 0), 2)
    cv2.imshow("digits", frame)
    if cv2.waitKey(1) == ord("q"):
        break
camera.release()
