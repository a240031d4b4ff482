/** Aliases of vite.config.ts for the builds of onnxruntime-web. */
declare module 'ort-jspi' {
  export * from 'onnxruntime-common';
}
declare module 'ort-asyncify' {
  export * from 'onnxruntime-common';
}
declare module 'ort-wasm' {
  export * from 'onnxruntime-common';
}
