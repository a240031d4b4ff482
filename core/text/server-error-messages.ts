/**
 * Messages of the training server's own error codes in both languages; the server prints the English ones. Ours.
 */
import { bytes, count } from './format.ts';

/** Parameters of every code, as in `errors.ts`. */
export interface ServerErrorParams {
  'train/request': { field: string; problem: string };
  'train/body': { problem: string };
  'train/body-size': { limit: number };
  'train/content-type': { type: string };
  'train/host': { host: string };
  'train/origin': { origin: string };
  'train/route': { path: string };
  'train/method': { method: string };
  'train/range': { size: number };
  'train/busy': { limit: number };
  'train/closing': object;
  'train/run': { id: string };
  'train/state': { id: string; state: string };
  'train/checkpoint-id': { id: string };
  'train/checkpoint': { problem: string; step?: number };
  'train/package': { id: string };
  'train/frame': { index: number; problem: string };
  'train/interrupted': { step: number };
  'train/entropy': { entropy: number; step: number; resume: number };
  'train/missing-path': { field: string };
  'train/data': { file: string; line: number; problem: string };
  'train/record': { field: string; problem: string };
  'train/labels': { source: string; count: number; low: number; high: number; line: number; value: number };
  'train/empty': { source: string; missing: number };
  'train/leak': { count: number; train: string; heldOut: string };
  'train/clips': { problem: string };
  'train/missing': { source: string; count: number; first: string };
  'train/mostly-missing': { source: string; count: number; of: number; first: string; most: number };
  'train/unreadable': { source: string; count: number; first: string };
  'train/duplicates': { source: string; count: number; first: string };
  'train/outside': { source: string; count: number; first: string };
  'train/relabelled': { source: string; count: number; first: string; label: number; again: number };
  'train/equal-labels': { source: string; count: number; value: number };
  'train/column': { file: string; column: string };
  'train/opened': { source: string; opened: number; of: number };
  'train/python': { problem?: string };
  'train/torch': { problem: string };
  'train/gpu': { wanted: number; gpus: number; torch: string };
  'train/tracker': { tracker: string; problem: string };
  'train/port': { port: number };
  'train/public': { host: string };
  'train/option': { option: string; problem: string };
  'train/in-use': { pid: number; file?: string };
  'train/in-use-elsewhere': { pid: number; host: string; seconds: number; file: string };
  'train/page': { problem: string };
}

interface Text {
  readonly title: string;
  readonly body: string;
}

type Table = { readonly [Code in keyof ServerErrorParams]: (p: ServerErrorParams[Code]) => Text };

const say = (title: string, body = ''): Text => ({ title, body });
/** `1 video of clips is`, `3 videos of clips are`: the number with its noun and a verb in the right form. */
const videosOf = (n: number, source: string, one: string, more: string) =>
  `${count(n)} video${n === 1 ? '' : 's'} of ${source} ${n === 1 ? one : more}`;
/** Line 0 is the file as a whole. */
const where = (line: number, sentence: (line: string) => string) => (line > 0 ? sentence(count(line)) : '');

export const serverErrorsEn: Table = {
  'train/request': ({ field, problem }) => say(`${field}: ${problem}.`, 'The request was not carried out.'),
  'train/body': ({ problem }) => say(`The body of the request ${problem}.`, 'Send JSON.'),
  'train/body-size': ({ limit }) =>
    say(
      `The body of the request has more than ${bytes(limit)}.`,
      'A recipe is far smaller; check what was sent.',
    ),
  'train/content-type': ({ type }) =>
    say(
      `The content type of the body is ${type || 'missing'}.`,
      'Send it with Content-Type: application/json.',
    ),
  'train/host': ({ host }) =>
    say(
      `The host name ${host || '(empty)'} is not allowed.`,
      'Use the address that it printed, or start it with --name for this one.',
    ),
  'train/origin': ({ origin }) =>
    say(
      `A page of ${origin} may not use this server.`,
      'Start the server with --origin if you trust that page.',
    ),
  'train/route': ({ path }) => say(`There is nothing at ${path}.`, '/api/openapi.json lists the routes.'),
  'train/method': ({ method }) =>
    say(`The method ${method} is not supported here.`, 'The Allow header lists those that are.'),
  'train/range': ({ size }) => say(`The range lies outside the file of ${bytes(size)}.`, 'Request it again.'),
  'train/busy': ({ limit }) =>
    say(`All ${count(limit)} event streams are in use.`, 'Close other pages, then try again.'),
  'train/closing': () =>
    say('The server is shutting down.', 'Start it again; runs continue from their last checkpoint.'),
  'train/run': ({ id }) =>
    say(`There is no run ${id}.`, 'It may have been moved or deleted; look at the list.'),
  'train/state': ({ state }) =>
    say(`The run is ${state}; that cannot be done now.`, 'Look at its state first.'),
  'train/checkpoint-id': ({ id }) =>
    say(`There is no checkpoint ${id}.`, 'Older ones are removed as a run goes on; look at the list.'),
  'train/checkpoint': ({ problem }) =>
    say(`The checkpoint cannot be used: ${problem}.`, 'Choose another one; nothing was changed.'),
  'train/package': ({ id }) => say(`There is no package ${id}.`, 'Make it from its checkpoint first.'),
  'train/frame': ({ index, problem }) => say(`Frame ${count(index)} cannot be shown: ${problem}.`),
  'train/interrupted': ({ step }) =>
    say('The process of the run ended.', `Resume: it goes on from step ${count(step)}.`),
  'train/entropy': ({ entropy, step, resume }) =>
    say(
      `Entropy passed ${entropy}: the run stopped itself at step ${count(step)}.`,
      `Resume from step ${count(resume)} with a lower learning rate.`,
    ),
  'train/missing-path': ({ field }) =>
    say(`${field} does not exist.`, 'Correct the path; nothing has started.'),
  'train/data': ({ file, line, problem }) =>
    say(`${file}${where(line, (n) => `, line ${n}`)}: ${problem}.`, 'Correct it; nothing has started.'),
  'train/record': ({ field, problem }) =>
    say(`The training record’s ${field} ${problem}.`, 'Correct the record; it is not trained on.'),
  'train/labels': ({ source, count: n, low, high, line, value }) =>
    say(
      `${count(n)} label${n === 1 ? '' : 's'} of ${source} ${n === 1 ? 'lies' : 'lie'} outside ${low}–${high}, the first is ${value}${where(line, (at) => ` in line ${at}`)}.`,
      'Give the range of the file’s scale, or another rule for its labels.',
    ),
  'train/empty': ({ source, missing }) =>
    say(
      `${source} has no video that can be used${missing > 0 ? `; ${count(missing)} are missing` : ''}.`,
      'Check its folder; nothing has started.',
    ),
  'train/leak': ({ count: n, train, heldOut }) =>
    say(
      `${videosOf(n, heldOut, 'is', 'are')} also in ${train}, which is trained on.`,
      'Hold out other videos, e.g. disjoint parts of one file.',
    ),
  'train/clips': ({ problem }) =>
    say(`The clips could not be generated: ${problem}.`, 'Run npm run make-clips alone.'),
  'train/mostly-missing': ({ source, count: n, of, first, most }) =>
    say(
      `${count(n)} of ${count(of)} videos of ${source} are missing, the first is ${first}.`,
      `Check its root. At most ${most} % may be missing; maxMissing of the source allows more.`,
    ),
  'train/missing': ({ source, count: n, first }) =>
    say(`${videosOf(n, source, 'is', 'are')} missing, the first is ${first}.`, 'The others are used.'),
  'train/unreadable': ({ source, count: n, first }) =>
    say(`${videosOf(n, source, 'cannot', 'cannot')} be read, the first is ${first}.`, 'The others are used.'),
  'train/duplicates': ({ source, count: n, first }) =>
    say(
      `${videosOf(n, source, 'is', 'are')} listed more than once, the first is ${first}.`,
      'Each is used once.',
    ),
  'train/outside': ({ source, count: n, first }) =>
    say(
      `${videosOf(n, source, 'lies', 'lie')} outside its folder, the first is ${first}.`,
      'They are not opened. Put them below the folder, or give a folder above them.',
    ),
  'train/relabelled': ({ source, count: n, first, label, again }) =>
    say(
      `${videosOf(n, source, 'is', 'are')} listed again with another label, the first is ${first} (${label}, then ${again}).`,
      'The first label is used. Correct the file if the other one is right.',
    ),
  'train/equal-labels': ({ source, count: n, value }) =>
    say(
      `All ${count(n)} labels of ${source} are ${value}.`,
      'A model learns no order from equal labels; check the file.',
    ),
  'train/column': ({ file, column }) =>
    say(
      `${file} has no header: its labels are taken from ${column}.`,
      'If that is wrong, add a first line that names the columns, e.g. path,mos.',
    ),
  'train/opened': ({ source, opened, of }) =>
    say(
      `${count(opened)} of ${count(of)} videos of ${source} were opened within the time limit.`,
      'A video that cannot be read later is skipped and listed.',
    ),
  'train/python': ({ problem }) =>
    say(
      `Python is missing${problem ? `: ${problem}` : ''}.`,
      'Install Python 3.11 or later, or name it in PYTHON; then npm run train-server again.',
    ),
  'train/torch': ({ problem }) =>
    say(
      `PyTorch cannot be loaded: ${problem}.`,
      'node scripts/python.mjs --setup installs it; if that fails, the lines above give the reason.',
    ),
  'train/gpu': ({ wanted, gpus, torch }) =>
    say(
      `The recipe asks for ${count(wanted)} CUDA GPU${wanted === 1 ? '' : 's'}; PyTorch ${torch} sees ${count(gpus)}.`,
      'Set engine.device to "cpu" or engine.processes to that number, or install PyTorch with CUDA.',
    ),
  'train/tracker': ({ tracker, problem }) =>
    say(
      `${tracker} cannot be used: ${problem}.`,
      'Nothing was trained; correct it, or take it out of reportTo, and start again.',
    ),
  'train/port': ({ port }) =>
    say(`Port ${port} is in use.`, 'Another training server may run already; else start with --port.'),
  'train/public': ({ host }) =>
    say(
      `${host} can be reached from other machines.`,
      'That needs --public and a token of at least 24 characters in VQA_TRAIN_TOKEN; TLS is left to a proxy.',
    ),
  'train/option': ({ option, problem }) => say(`${option} ${problem}.`, '--help lists the options.'),
  'train/in-use': ({ pid }) =>
    say(
      `Process ${pid} already uses this folder of runs.`,
      'Use that process, or choose another folder with --runs.',
    ),
  'train/in-use-elsewhere': ({ pid, host, seconds, file }) =>
    say(
      `Process ${pid} of ${host} uses this folder of runs; it was seen ${count(seconds)} s ago.`,
      `Use that process, or choose another folder with --runs. If it has ended, try again in two minutes, or delete ${file}.`,
    ),
  'train/page': ({ problem }) =>
    say(`The page could not be built: ${problem}.`, 'npm run build shows why; --no-page starts without it.'),
};

export const serverErrorsZh: Table = {
  'train/request': ({ field, problem }) => say(`${field}：${problem}。`, '请求未执行。'),
  'train/body': ({ problem }) => say(`请求正文有误：${problem}。`, '请发送JSON。'),
  'train/body-size': ({ limit }) => say(`请求正文超过${bytes(limit)}。`, '配方远小于此，请检查所发内容。'),
  'train/content-type': ({ type }) =>
    say(`正文类型为${type || '未知'}。`, '请以Content-Type: application/json发送。'),
  'train/host': ({ host }) => say(`不允许主机名${host || '（空）'}。`, '请用其打印的地址，或以--name启动。'),
  'train/origin': ({ origin }) =>
    say(`${origin}的页面无权访问此服务器。`, '若该页面属于你，请以--origin启动。'),
  'train/route': ({ path }) => say(`${path}处没有内容。`, '接口清单见/api/openapi.json。'),
  'train/method': ({ method }) => say(`此处不支持${method}。`, '可用方法见Allow标头。'),
  'train/range': ({ size }) => say(`范围超出文件（${bytes(size)}）。`, '请重新请求。'),
  'train/busy': ({ limit }) => say(`已有${count(limit)}个监听者。`, '请关闭其他页面后重试。'),
  'train/closing': () => say('服务器正在退出。', '请重新启动；训练从上一个检查点继续。'),
  'train/run': ({ id }) => say(`没有训练${id}。`, '可能已被移走或删除，请查看列表。'),
  'train/state': ({ state }) => say(`训练状态为${state}，现在不能这样做。`, '请先查看状态。'),
  'train/checkpoint-id': ({ id }) => say(`没有检查点${id}。`, '旧检查点会随训练删除，请查看列表。'),
  'train/checkpoint': ({ problem }) => say(`检查点不可用：${problem}。`, '请另选一个；未作任何改动。'),
  'train/package': ({ id }) => say(`没有模型包${id}。`, '请先由检查点制作。'),
  'train/frame': ({ index, problem }) => say(`无法显示第${count(index)}帧：${problem}。`),
  'train/interrupted': ({ step }) => say('训练进程已结束。', `可从第${count(step)}步恢复。`),
  'train/entropy': ({ entropy, step, resume }) =>
    say(`熵越过${entropy}，训练在第${count(step)}步自动停止。`, `请降低学习率，从第${count(resume)}步恢复。`),
  'train/missing-path': ({ field }) => say(`${field}不存在。`, '请修正路径；尚未开始。'),
  'train/data': ({ file, line, problem }) =>
    say(`${file}${where(line, (n) => `第${n}行`)}：${problem}。`, '请修正；尚未开始。'),
  'train/record': ({ field, problem }) =>
    say(`训练记录的${field}有误：${problem}。`, '请修正该记录；它不会用于训练。'),
  'train/labels': ({ source, count: n, low, high, line, value }) =>
    say(
      `${source}有${count(n)}个标签超出${low}–${high}，首个为${value}${where(line, (at) => `（第${at}行）`)}。`,
      '请给出文件的分数范围，或另选标签规则。',
    ),
  'train/empty': ({ source, missing }) =>
    say(
      `${source}没有可用的视频${missing > 0 ? `，缺少${count(missing)}个` : ''}。`,
      '请检查其文件夹；尚未开始。',
    ),
  'train/leak': ({ count: n, train, heldOut }) =>
    say(`${heldOut}中有${count(n)}个视频在${train}中参与训练。`, '请留出其他视频，例如同一文件的不同部分。'),
  'train/clips': ({ problem }) => say(`无法生成片段：${problem}。`, '请单独运行npm run make-clips。'),
  'train/mostly-missing': ({ source, count: n, of, first, most }) =>
    say(
      `${source}的${count(of)}段视频中缺少${count(n)}段，第一段为${first}。`,
      `请检查root。最多可缺${most}%；数据源的maxMissing可放宽。`,
    ),
  'train/missing': ({ source, count: n, first }) =>
    say(`${source}缺少${count(n)}个视频，首个为${first}。`, '其余照常使用。'),
  'train/unreadable': ({ source, count: n, first }) =>
    say(`${source}有${count(n)}个视频无法读取，首个为${first}。`, '其余照常使用。'),
  'train/duplicates': ({ source, count: n, first }) =>
    say(`${source}有${count(n)}个视频重复，首个为${first}。`, '每个只用一次。'),
  'train/outside': ({ source, count: n, first }) =>
    say(
      `${source}有${count(n)}个视频在其文件夹之外，首个为${first}。`,
      '这些视频不会被打开。请移到该文件夹内，或指定其上层文件夹。',
    ),
  'train/relabelled': ({ source, count: n, first, label, again }) =>
    say(
      `${source}有${count(n)}个视频以不同标签重复出现，首个为${first}（先${label}，后${again}）。`,
      '采用第一个标签；若后者正确，请修改文件。',
    ),
  'train/equal-labels': ({ source, count: n, value }) =>
    say(`${source}的${count(n)}个标签全是${value}。`, '标签相同则学不到高低次序，请检查文件。'),
  'train/column': ({ file, column }) =>
    say(`${file}没有表头，标签取自${column}。`, '若不对，请在第一行写明列名，例如path,mos。'),
  'train/opened': ({ source, opened, of }) =>
    say(
      `${source}的${count(of)}个视频中，限时内打开了${count(opened)}个。`,
      '之后若有无法读取的，只影响其自身，并会列出。',
    ),
  'train/python': ({ problem }) =>
    say(
      `缺少Python${problem ? `：${problem}` : ''}。`,
      '请安装Python 3.11或更高版本，或在PYTHON中指定；然后重新运行npm run train-server。',
    ),
  'train/torch': ({ problem }) =>
    say(`无法加载PyTorch：${problem}。`, '可用node scripts/python.mjs --setup安装；若失败，原因见上方各行。'),
  'train/gpu': ({ wanted, gpus, torch }) =>
    say(
      `配方需要${count(wanted)}块CUDA显卡，PyTorch ${torch}检测到${count(gpus)}块。`,
      '请把engine.device设为"cpu"，或把engine.processes改为实际数量，或安装CUDA版PyTorch。',
    ),
  'train/tracker': ({ tracker, problem }) =>
    say(`无法使用${tracker}：${problem}。`, '尚未开始训练；请修正，或从reportTo中去掉后重新开始。'),
  'train/port': ({ port }) => say(`端口${port}已被占用。`, '可能已有训练服务器在运行；否则请以--port启动。'),
  'train/public': ({ host }) =>
    say(
      `${host}可从其他机器访问。`,
      '这需要--public，以及在VQA_TRAIN_TOKEN中自设的24个字符以上的令牌；TLS由代理负责。',
    ),
  'train/option': ({ option, problem }) => say(`${option} ${problem}。`, '用法见--help。'),
  'train/in-use': ({ pid }) => say(`进程${pid}正在使用这些训练。`, '请用该进程，或以--runs另选文件夹。'),
  'train/in-use-elsewhere': ({ pid, host, seconds, file }) =>
    say(
      `${host}上的进程${pid}正在使用这些训练，${count(seconds)}秒前仍有响应。`,
      `请用该进程，或以--runs另选文件夹。如果它已结束，请两分钟后重试，或删除${file}。`,
    ),
  'train/page': ({ problem }) =>
    say(`页面构建失败：${problem}。`, '原因见npm run build；--no-page可不带页面启动。'),
};
