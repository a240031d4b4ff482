import { convertCheckpoint } from '../../convert/package.ts';
import { keepAliveDuring } from '../thread/file-handles.ts';
import { expose } from '../thread/rpc.ts';
import { throttled } from '../thread/throttled.ts';
import type { ConvertApi } from './api.ts';
import { DroppedFiles, OpfsPackage } from './opfs.ts';

const jobs = new Map<number, AbortController>();

const api: ConvertApi = {
  async convert(request, onProgress) {
    const stop = new AbortController();
    jobs.set(request.job, stop);
    try {
      let parent = await navigator.storage.getDirectory();
      for (const part of request.parent) {
        parent = await keepAliveDuring(parent, (folder) => folder.getDirectoryHandle(part, { create: true }));
      }
      return await convertCheckpoint(
        new DroppedFiles(request.files),
        new OpfsPackage(parent, request.folder),
        {
          variants: request.variants,
          command: 'converted on the page',
          onProgress: throttled(
            onProgress,
            (now, last) => now.done === now.total || now.stage !== last.stage,
          ),
          signal: stop.signal,
          ...(request.profile !== undefined && { profile: request.profile }),
          ...(request.name !== undefined && { about: { name: request.name, metrics: [] } }),
        },
      );
    } finally {
      jobs.delete(request.job);
    }
  },
  abort(job) {
    jobs.get(job)?.abort();
  },
};

expose(api);
