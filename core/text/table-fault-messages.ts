/** Faults of a score table in both languages: what stands after the name of the file and the line. Ours. */
import type { Lang } from './lang.ts';

export type TableFault =
  /** A cell of the MOS that is not a number. */
  | { readonly kind: 'number'; readonly value: string }
  | { readonly kind: 'no-file' }
  | { readonly kind: 'quote' }
  | { readonly kind: 'json' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'encoding' }
  /** A field of a JSON row; `problem` is English. */
  | { readonly kind: 'field'; readonly field: string; readonly problem: string }
  | { readonly kind: 'no-turn' }
  | { readonly kind: 'no-answer' }
  /** No column is a MOS; `columns` are the names in the header, with commas. */
  | { readonly kind: 'no-mos'; readonly columns: string }
  | { readonly kind: 'no-columns' }
  | { readonly kind: 'difference'; readonly column: string }
  /** Several columns could be the MOS, and nobody can be asked. */
  | { readonly kind: 'unsure'; readonly columns: string }
  /** Another tool's form, with those of its keys that are there. */
  | { readonly kind: 'form'; readonly form: string; readonly keys: string }
  | { readonly kind: 'array' }
  | { readonly kind: 'lines' }
  | { readonly kind: 'vmaf' }
  | { readonly kind: 'workbook'; readonly format: string }
  | { readonly kind: 'too-long'; readonly megabytes: number };

type Kind = TableFault['kind'];
type Of<K extends Kind> = Extract<TableFault, { kind: K }>;
type Texts = { readonly [K in Kind]: (fault: Of<K>) => string };

const en: Texts = {
  number: ({ value }) => `"${value}" is not a number`,
  'no-file': () => 'names no file',
  quote: () => 'a quoted cell has no end',
  json: () => 'is not JSON',
  empty: () => 'is empty',
  encoding: () => 'is neither UTF-8 nor UTF-16; save it again as “CSV UTF-8”',
  field: ({ field, problem }) => `${field || 'the line'}: ${problem}`,
  'no-turn': () => 'conversations: there is no turn of "gpt"',
  'no-answer': () => 'conversations: the value of "gpt" is neither a number nor one answer block',
  'no-mos': ({ columns }) =>
    `has no column named MOS, and none that can only be one. Its columns: ${columns}. Name the right one “mos”`,
  'no-columns': () => 'has neither a header with “path” and “mos” nor a file and a number in each line',
  difference: ({ column }) =>
    `has difference scores (${column}: higher is worse), no MOS. Add a column “mos”, higher is better`,
  unsure: ({ columns }) =>
    `has no header, and more than one column can be the MOS (${columns}). Add a first line that names the columns, e.g. “path,mos,std”`,
  form: ({ form, keys }) =>
    `is in the form of ${form} (${keys}). It must have one object a line with “id”, “image” and “conversations”, the score in the last turn of “gpt”; or be a table “path,mos”`,
  array: () =>
    'is a JSON array, not one object a line. Write each object on a line of its own, e.g. with `jq -c ".[]"`',
  lines: () =>
    'is one JSON document over several lines, not one object a line. Write each object on a line of its own, e.g. with `jq -c .`',
  vmaf: () => 'is a log of VMAF: computed metrics of the frames of one video, no human scores',
  workbook: ({ format }) => `is a workbook (${format}). Save its sheet as “CSV UTF-8” and add that file`,
  'too-long': ({ megabytes }) => `is longer than ${megabytes} MB. Cut it into several tables`,
};

const zh: Texts = {
  number: ({ value }) => `“${value}”不是数字`,
  'no-file': () => '未写文件名',
  quote: () => '引号没有结束',
  json: () => '不是JSON',
  empty: () => '内容为空',
  encoding: () => '既不是UTF-8也不是UTF-16；请另存为“CSV UTF-8”',
  field: ({ field, problem }) => `${field || '该行'}：${problem}`,
  'no-turn': () => 'conversations中没有“gpt”的发言',
  'no-answer': () => 'conversations中“gpt”的内容既不是数字，也不是唯一的回答块',
  'no-mos': ({ columns }) =>
    `没有名为MOS的列，也没有唯一可能的列。现有列：${columns}。请把正确的一列命名为“mos”`,
  'no-columns': () => '既没有含“path”和“mos”的表头，也不是每行一个文件和一个数字',
  difference: ({ column }) => `只有差值评分（${column}，越高越差），没有MOS。请加入“mos”列（越高越好）`,
  unsure: ({ columns }) =>
    `没有表头，且可能是MOS的列不止一个（${columns}）。请在第一行写明各列名称，例如“path,mos,std”`,
  form: ({ form, keys }) =>
    `是${form}格式（${keys}）。此处需要每行一个对象，含“id”“image”和“conversations”，分数在“gpt”的最后一次发言中；或“path,mos”表格`,
  array: () => '是JSON数组，不是每行一个对象。请把每个对象写成一行，例如用`jq -c ".[]"`',
  lines: () => '是跨多行的单个JSON文档，不是每行一个对象。请把每个对象写成一行，例如用`jq -c .`',
  vmaf: () => '是VMAF日志：对单个视频逐帧计算的指标，不是人工评分',
  workbook: ({ format }) => `是工作簿（${format}）。请把工作表另存为“CSV UTF-8”后再加入`,
  'too-long': ({ megabytes }) => `超过${megabytes} MB。请拆成几个表`,
};

const tables: Readonly<Record<Lang, Texts>> = { en, zh };

/** Text of a fault without the name of its file and without a full stop. */
export function tableFaultText(lang: Lang, fault: TableFault): string {
  const speak = tables[lang][fault.kind] as (of: TableFault) => string;
  return speak(fault);
}
