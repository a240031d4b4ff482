/** The graphs of a VQA² checkpoint written to a folder. */
import type { Digest } from '../../core/files/sha256.ts';
import { type Layout, layOut, writeGraph } from '../external.ts';
import type { PackageSink, WrittenFile } from '../files.ts';
import type { GraphOptions } from '../graph.ts';
import type { VariantChoice } from '../model.ts';
import { graphFile, targetFolders } from '../weight-formats.ts';
import type { Vqa2Checkpoint } from './checkpoint.ts';
import { vqa2Graphs } from './model.ts';

export interface GraphWriting {
  readonly producer: { readonly name: string; readonly version: string };
  readonly digest: () => Digest;
  readonly graph?: GraphOptions;
  readonly signal?: AbortSignal;
}

/** Files of one variant, in `onnx/` or `onnx-wasm/`. */
export async function writeVqa2Graphs(
  checkpoint: Vqa2Checkpoint,
  sink: PackageSink,
  choice: VariantChoice,
  { producer, digest, graph, signal }: GraphWriting,
): Promise<WrittenFile[]> {
  const written: WrittenFile[] = [];
  const placed = new Map<string, Layout>();
  for (const g of vqa2Graphs(checkpoint, choice, graph)) {
    const file = graphFile(g.name, choice.dtype);
    const layout = layOut(g, file, placed);
    placed.set(g.name, layout);
    const options = { producer, digest, onWeight: () => {}, ...(signal && { signal }) };
    const files = await writeGraph(sink, targetFolders[choice.target], file, g, layout, options);
    await sink.finished(files);
    written.push(...files);
  }
  return written;
}
