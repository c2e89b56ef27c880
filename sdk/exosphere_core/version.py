"""The version of the distribution: its single home; the build reads it from here."""

VERSION = "0.1.0"
