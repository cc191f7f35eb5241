"""Teach a shipped model your own digits: `python fine_tune.py my_folder/`, a folder a digit."""

import sys

import digits

if len(sys.argv) != 2:
    sys.exit(__doc__)
folder = sys.argv[1]
before = digits.load("cnn3")
after, report = digits.train(
    "cnn3", folder, epochs=5, init="cnn3", learning_rate=1e-3, batch_size=16, save_dir="tuned"
)
unknown = set(after.classes) - set(before.classes)
if unknown:
    sys.exit(f"saved as {report.model}; {before.name} knows no {min(unknown)} to compare it with")
assert report.test
images, labels = report.test.images, report.test.labels  # what was not learned from
ours = [before.classes.index(after.classes[label]) for label in labels]
print(f"before  {(before(images).argmax(axis=1) == ours).mean():.1%}")
print(f"after   {report.accuracy:.1%}  {report.model}")
