#!/usr/bin/env python3
"""Figures of the preflight, in network namespaces of its own.

usage: figures.py BIN_DIR [QUESTIONS]: prints one JSON object per figure. Needs root.
"""
import os
import sys

program = os.path.join(sys.argv[1], "bench_preflight")
os.execv(program, [program, os.path.join(sys.argv[1], "ondol-preflight"), *sys.argv[2:3]])
