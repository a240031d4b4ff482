/** Path of the project's own Python, whether it is there or not. */
export declare const python: string;
/** Makes `.venv` with what the requirements list; throws with what to do when there is no Python 3.11. */
export declare function setUpPython(options?: { tests?: boolean }): void;
/** The environment of a Python child: what Python, torch and CUDA may need, and no secret of the parent. */
export declare function pythonEnvironment(): Record<string, string>;
