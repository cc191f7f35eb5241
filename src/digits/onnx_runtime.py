"""ONNX Runtime with its reports home switched off; whoever needs it imports this module first.

Without the variable, version 1.32 writes a device id and a database of reports below
~/.cache/Microsoft and looks up a host to send them to; the switch of its API comes too late.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when the library is loaded, below

import onnxruntime

onnxruntime.disable_telemetry_events()

__all__ = ["onnxruntime"]
