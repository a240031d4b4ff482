/** Messages of `model/network`: a server's answer, a device without network, a host that cannot be reached. Ours. */
import { bytes } from './format.ts';

export interface NetworkParams {
  readonly file?: string;
  /** Host of the address, with its port. */
  readonly host?: string;
  /** HTTP status of the answer; absent when there was none. */
  readonly status?: number;
  /** The browser reported that there is no network. */
  readonly offline?: 1;
  /** Bytes of a download that are stored, of all. */
  readonly received?: number;
  readonly total?: number;
}

interface Text {
  readonly title: string;
  readonly body: string;
}

const MANIFEST = 'manifest.json';

/** Kind of an HTTP status that asks for its own remedy. */
function kindOf(status: number): 'absent' | 'refused' | 'busy' | 'failed' | 'other' {
  if (status === 404 || status === 410) return 'absent';
  if (status === 401 || status === 403) return 'refused';
  if (status === 429) return 'busy';
  return status >= 500 ? 'failed' : 'other';
}

function statusEn(status: number, host: string, file: string): Text {
  switch (kindOf(status)) {
    case 'absent':
      return file === MANIFEST
        ? {
            title: `${host} has no model package at this address (${status}).`,
            body: 'The address must lead to a folder with `manifest.json`. A checkpoint, as most Hugging Face models are, must be converted first.',
          }
        : {
            title: `${host} does not have ${file} (${status}).`,
            body: 'The package there is incomplete. Its publisher can mend it.',
          };
    case 'refused':
      return {
        title: `${host} does not give ${file} to this page (${status}).`,
        body: 'It may be private or ask for a sign-in. Download it yourself and open its folder here.',
      };
    case 'busy':
      return {
        title: `${host} has had too many requests (${status}).`,
        body: 'Try again in a few minutes; what arrived is kept.',
      };
    case 'failed':
      return {
        title: `${host} has a fault of its own (${status}).`,
        body: 'Try again later; what arrived is kept.',
      };
    default:
      return { title: `${host} answered ${status} for ${file}.`, body: 'Check the address.' };
  }
}

function statusZh(status: number, host: string, file: string): Text {
  switch (kindOf(status)) {
    case 'absent':
      return file === MANIFEST
        ? {
            title: `${host}的这个地址没有模型包（${status}）。`,
            body: '地址应指向含`manifest.json`的文件夹。检查点（多数Hugging Face模型都是）须先转换。',
          }
        : { title: `${host}没有${file}（${status}）。`, body: '那里的模型包不完整，请告知发布者。' };
    case 'refused':
      return {
        title: `${host}拒绝向本页提供${file}（${status}）。`,
        body: '可能是私有内容或需要登录。请自行下载，再在此打开其文件夹。',
      };
    case 'busy':
      return { title: `${host}收到的请求过多（${status}）。`, body: '请几分钟后重试，已到达的部分会保留。' };
    case 'failed':
      return { title: `${host}自身出错（${status}）。`, body: '请稍后重试，已到达的部分会保留。' };
    default:
      return { title: `${host}对${file}的回应为${status}。`, body: '请检查地址。' };
  }
}

export function networkEn({ file, host, status, offline, received, total }: NetworkParams): Text {
  const from = host ?? 'The server';
  if (status !== undefined) return statusEn(status, from, file ?? 'the file');
  if (received !== undefined && total !== undefined)
    return {
      title: `The network was lost. ${bytes(received)} of ${bytes(total)} are stored.`,
      body: 'It goes on by itself when the network is back, or when you resume it.',
    };
  if (offline) return { title: 'This device is offline.', body: 'Try again when the network is back.' };
  if (host === undefined)
    return {
      title: `The network was lost${file ? ` while ${file} was fetched` : ''}.`,
      body: 'Try again when the network is back.',
    };
  return {
    title: `${host} could not be reached.`,
    body: 'The address is wrong, there is no network, or the server does not let pages of other sites read it (CORS).',
  };
}

export function networkZh({ file, host, status, offline, received, total }: NetworkParams): Text {
  const from = host ?? '服务器';
  if (status !== undefined) return statusZh(status, from, file ?? '文件');
  if (received !== undefined && total !== undefined)
    return {
      title: `网络中断，已保留${bytes(received)}（共${bytes(total)}）。`,
      body: '网络恢复后自动继续，也可手动恢复。',
    };
  if (offline) return { title: '本机没有网络。', body: '网络恢复后请重试。' };
  if (host === undefined)
    return { title: `${file ? `获取${file}时` : ''}网络中断。`, body: '网络恢复后请重试。' };
  return {
    title: `无法连接${host}。`,
    body: '可能是地址有误、没有网络，或服务器不允许其他网站的页面读取（CORS）。',
  };
}
