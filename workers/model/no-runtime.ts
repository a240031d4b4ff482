/** Stands where transformers.js imports onnxruntime-web: runtime.ts has put the chosen build in place before. */
export const InferenceSession = undefined;
export const Tensor = undefined;
export const env = {};
