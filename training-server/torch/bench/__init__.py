"""Speed and memory: measured steps, floating-point operations, and the cost model of several GPUs."""
