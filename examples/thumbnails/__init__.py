"""Thumbnails of a directory of images: one branch an image, one contact sheet."""
