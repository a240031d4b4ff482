/** Logs as libvmaf 3.0 writes them (libvmaf/src/output.c), and the older ones of vmafossexec. */
import { describe, expect, it } from 'vitest';
import { isLogName, readVmafLog } from './vmaf-log.ts';

const JSON_LOG = `{
  "version": "3.0.0",
  "fps": 45.21,
  "frames": [
    { "frameNum": 0, "metrics": { "integer_adm2": 0.96, "integer_motion2": 0.0, "vmaf": 83.856285 } },
    { "frameNum": 2, "metrics": { "integer_adm2": 0.95, "vmaf": 71.5 } }
  ],
  "pooled_metrics": { "vmaf": { "min": 71.5, "max": 83.856285, "mean": 77.678142 } },
  "aggregate_metrics": { }
}`;
const CSV_LOG = 'Frame,integer_adm2,integer_motion2,vmaf,\n0,0.96,0.0,83.856285,\n1,0.95,1.1,71.5,\n';
const XML_LOG = `<VMAF version="3.0.0">
  <params qualityWidth="1920" qualityHeight="1080" />
  <frames>
    <frame frameNum="0" integer_adm2="0.96" vmaf="83.856285" />
    <frame frameNum="1" integer_adm2="0.95" vmaf="71.5" />
  </frames>
  <pooled_metrics><metric name="vmaf" min="71.5" mean="77.6" /></pooled_metrics>
</VMAF>`;

describe('readVmafLog', () => {
  it('reads JSON; frames that were skipped have no value', () => {
    expect([...readVmafLog('x.json', JSON_LOG).frames]).toEqual([83.856285, Number.NaN, 71.5]);
  });

  it('reads CSV and XML, also under a name that says otherwise', () => {
    for (const text of [CSV_LOG, XML_LOG, CSV_LOG.replaceAll('\n', '\r\n')])
      expect([...readVmafLog('x.json', text).frames]).toEqual([83.856285, 71.5]);
  });

  it('reads the names of older logs', () => {
    const old = '<VMAF><frames><frame frameNum="0" VMAF_score="60.25"/></frames></VMAF>';
    expect([...readVmafLog('old.xml', old).frames]).toEqual([60.25]);
  });

  it.each([
    ['', ''],
    ['a truncated file', JSON_LOG.slice(0, 120)],
    ['another JSON file', '{"format":"vqathinker"}'],
    ['a log without VMAF', CSV_LOG.replace('vmaf', 'psnr_y')],
    ['a log without numbers', 'Frame,vmaf\n0,nan\n1,\n'],
    ['a frame number out of bounds', 'Frame,vmaf\n99999999999,50\n-1,50\n'],
  ])('refuses %s', (_, text) => {
    expect(() => readVmafLog('log', text)).toThrow(
      expect.objectContaining({ code: 'compare/log', params: { file: 'log' } }),
    );
  });

  it('knows logs by their names', () => {
    expect(['a.json', 'b.CSV', 'c.xml', 'd.mp4', 'json'].filter(isLogName)).toEqual([
      'a.json',
      'b.CSV',
      'c.xml',
    ]);
  });
});
