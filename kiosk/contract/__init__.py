"""What travels between terminal and central, version 1. The only package that both sides import."""

VERSION = 1
PREFIX = "/api/v1"
