/** A decoder that takes every packet and never gives a frame, as one does whose driver hangs. */
/// <reference lib="webworker" />
class SilentDecoder extends VideoDecoder {
  override decode(): void {}
  override flush(): Promise<undefined> {
    return new Promise(() => {});
  }
}

self.VideoDecoder = SilentDecoder;
