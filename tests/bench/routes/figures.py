#!/usr/bin/env python3
"""Figures of the route socket, in network namespaces of its own.

usage: figures.py BIN_DIR [PAIRS]: prints one JSON object per figure. Needs root.
"""
import os
import sys

program = os.path.join(sys.argv[1], "bench_routes")
os.execv(program, [program, *sys.argv[2:3]])
