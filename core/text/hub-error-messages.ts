/** Messages of a model hub's error codes in both languages, for the page and for the command line. Ours. */

export interface HubErrorParams {
  'hub/address': { address: string };
  'hub/absent': { repository: string; host: string };
  /** `token`: one was sent. */
  'hub/access': { repository: string; host: string; status: number; token?: 1 };
  'hub/token': object;
  'hub/busy': { host: string };
  'hub/network': { host: string };
  'hub/changed': { repository: string; file?: string };
  'hub/answer': { host: string; what: string; problem: string };
}

interface Text {
  readonly title: string;
  readonly body: string;
}

type Table = { readonly [Code in keyof HubErrorParams]: (p: HubErrorParams[Code]) => Text };

const say = (title: string, body: string): Text => ({ title, body });

export const hubErrorsEn: Table = {
  'hub/address': ({ address }) =>
    say(`${address} is no address of a repository.`, 'Write `hf:OWNER/NAME`, or the address of its page.'),
  'hub/absent': ({ repository, host }) =>
    say(
      `${host} has no ${repository} with this revision.`,
      'Check the name and the revision. A private repository is found with a token only.',
    ),
  'hub/access': ({ repository, host, token }) =>
    token
      ? say(
          `${host} does not give ${repository} to the owner of this token.`,
          'Accept its terms on its page while signed in, and check that the token may read it. What was written is kept.',
        )
      : say(
          `${host} gives ${repository} only to people who are signed in, or has no such repository.`,
          'Check the name. Accept its terms on its page, make a token that may read (Settings, Access Tokens) and give it here: it stays in memory. In a terminal set HF_TOKEN.',
        ),
  'hub/token': () => say('This is no token.', 'A token begins with hf_ and has no spaces.'),
  'hub/busy': ({ host }) =>
    say(
      `${host} has had too many requests from here.`,
      'Go on in a few minutes. What was written is kept; a token raises the limit.',
    ),
  'hub/network': ({ host }) =>
    say(`${host} cannot be reached.`, 'Check the network, then go on: what was written is kept.'),
  'hub/changed': ({ repository, file }) =>
    say(
      `${file ?? 'A file'} of ${repository} has changed while it was read.`,
      'Begin again: parts of two versions are never mixed.',
    ),
  'hub/answer': ({ host, what, problem }) =>
    say(
      `${host} answered in a way that is not understood: ${what} ${problem}.`,
      'Download the checkpoint in another way, and convert its folder.',
    ),
};

export const hubErrorsZh: Table = {
  'hub/address': ({ address }) =>
    say(`${address}不是仓库地址。`, '请写成`hf:所有者/名称`，或填写其页面的地址。'),
  'hub/absent': ({ repository, host }) =>
    say(`${host}没有${repository}的这个版本。`, '请检查名称和版本。私有仓库需要令牌才能找到。'),
  'hub/access': ({ repository, host, token }) =>
    token
      ? say(
          `${host}不向此令牌的持有人提供${repository}。`,
          '请登录后在其页面接受条款，并确认令牌有读取权限。已写入的部分会保留。',
        )
      : say(
          `${host}只向登录用户提供${repository}，或没有这个仓库。`,
          '请检查名称；在其页面接受条款，创建有读取权限的令牌（Settings，Access Tokens）并填在此处；令牌只保存在内存中。命令行请设置HF_TOKEN。',
        ),
  'hub/token': () => say('这不是令牌。', '令牌以hf_开头，不含空格。'),
  'hub/busy': ({ host }) =>
    say(`${host}收到来自本机的请求过多。`, '请几分钟后继续，已写入的部分会保留；使用令牌可提高上限。'),
  'hub/network': ({ host }) => say(`无法连接${host}。`, '请检查网络后继续，已写入的部分会保留。'),
  'hub/changed': ({ repository, file }) =>
    say(`读取期间，${repository}的${file ?? '一个文件'}发生了变化。`, '请重新开始；不会混用两个版本的内容。'),
  'hub/answer': ({ host, what, problem }) =>
    say(`无法理解${host}的回应：${what} ${problem}。`, '请用其他方式下载检查点，再转换其文件夹。'),
};
