"""What each command's help begins with: lines to be typed."""

EXAMPLES = {
    "train": (
        "digits train                                    # MNIST, the architecture `improved`",
        "digits train --arch best --save_dir mine",
        "digits train --preset fast                      # 99% in seconds",
        "digits train --dataset my_folder/ --arch cnn3   # a folder with one folder a class",
        "digits train --resume                           # go on with what was broken off",
    ),
    "learn": ("digits learn --from corrections/", "digits learn --undo"),
    "tune": ("digits tune --arch cnn3 --minutes 30",),
    "predict": (
        "digits predict --image photo.jpg",
        "digits predict --image photo.jpg --top_k 3 --explain why.png",
        "digits predict --image 'scans/*.png' --expect zip --output answers.csv",
        "digits predict --image photo.jpg --model models/best_model.pth",
    ),
    "evaluate": (
        "digits evaluate --model models/best_model.pth --output report/",
        "digits evaluate --model best --model tiny       # side by side",
        "digits evaluate --folder my_digits/ --output report/",
    ),
    "optimize": (
        "digits optimize --model models/best_model.pth --output small.onnx --quantize",
        "digits optimize --model tiny --output tiny.c --quantize",
    ),
    "serve": ("digits serve --open", "digits serve --model tiny --port 9000 --token secret"),
    "completion": ("digits completion bash >> ~/.bashrc",
                   "digits completion fish > ~/.config/fish/completions/digits.fish"),
}  # fmt: skip
