"""A page on which people drop a picture; `pip install gradio` brings what it needs."""

import gradio

import digits

reader = digits.Reader()
page = gradio.Interface(lambda picture: reader.read(picture).text, gradio.Image(), "text")
page.launch()
