/** Replaces the import of onnxruntime-web in transformers.js; runtime.ts provides the chosen build. */
export const InferenceSession = undefined;
export const Tensor = undefined;
export const env = {};
