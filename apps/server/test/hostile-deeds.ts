/** What a program does that no honest one does, and what must come of it. */
export interface Deed {
  readonly id: string
  /** `MARKER` stands for a path of the host that nothing may make, and is in the command line of what goes on. */
  readonly run: string
  readonly more?: Readonly<Record<string, unknown>>
  /** Why it failed, and what the detail says, or a part of it. Absent: it succeeds. */
  readonly fails?: readonly [reason: string, detail: string]
  /** Names of the files of its patch, as bytes in Latin-1. Absent: not looked at. */
  readonly leaves?: readonly string[]
  /** Names of processes that it leaves running when it ends by itself. */
  readonly runsOn?: readonly string[]
}

/** Names that somebody who builds a line, a list or a path of them would take for something else. */
export const oddNames: readonly string[] = [
  '-rf',
  '--',
  'a\nb',
  '\n',
  '..x',
  '...',
  'a..b',
  '..\\x',
  '*',
  '"',
  "'",
  'tab\t',
  ' ',
  '$(touch x)',
  '\x1b[2J',
  '\u202e',
  ':(top)',
  '!x',
  '#x',
  'HEAD',
  'x'.repeat(255),
].map((name) => Buffer.from(name).toString('latin1'))
/** Bytes that are no UTF-8. */
const noText = ['\xff\xfe', '\xc3(\n-', '\x80']

const node = (script: string): string => `node -e '${script}'`
const named = (names: readonly string[]): string =>
  node(
    `for (const name of JSON.parse(Buffer.from("${Buffer.from(JSON.stringify(names)).toString('hex')}", "hex"))) fs.writeFileSync(Buffer.from(name, "latin1"), "x")`,
  )
const within = (name: string, times: number): string =>
  node(`for (let i = 0; i < ${times}; i++) { fs.mkdirSync("${name}"); process.chdir("${name}") } fs.writeFileSync("f", "x")`) // prettier-ignore

export const deeds: readonly Deed[] = [
  { id: 'names', run: named([...oddNames, ...noText]), leaves: [...oddNames, ...noText] },
  { id: 'links', run: 'ln -s .. up; ln -s /etc/passwd out; ln -s . loop; ln -s ../../../../etc/shadow far', leaves: ['far', 'loop', 'out', 'up'] }, // prettier-ignore
  // git takes it for its own folder on some file systems.
  { id: 'lookalike', run: 'mkdir sub; echo x > "sub/GIT~1"', fails: ['unsupported-file', '"sub/GIT~1"'] },
  { id: 'long', run: within('d'.repeat(200), 30), fails: ['limit', 'dddd'] },
  { id: 'deep', run: within('d', 1_500), fails: ['limit', 'd/d/d/d'] },
  { id: 'pipe', run: 'mkfifo pipe', fails: ['unsupported-file', '"pipe"'] },
  { id: 'pipe-for-rules', run: 'mkdir sub; mkfifo sub/.gitignore', fails: ['unsupported-file', '"sub/.gitignore"'] },
  {
    id: 'socket',
    run: `${node('require("net").createServer().listen("sock", () => process.kill(process.pid, "SIGKILL"))')} || true`,
    fails: ['unsupported-file', '"sock"'],
  },
  { id: 'device', run: 'mknod zero c 1 5', fails: ['exit-code', '1'] },
  {
    id: 'repository',
    // What git would run, if it were asked about this folder as the service's user.
    run: `printf '#!/bin/sh\\ntouch MARKER\\n' > evil.sh; chmod 755 evil.sh; mkdir sub; git -C sub init -q
      git init -q .; for key in core.fsmonitor core.sshCommand core.pager filter.x.clean filter.x.process diff.x.textconv diff.x.command; do git config $key "$PWD/evil.sh"; done
      for hook in pre-commit post-checkout post-index-change reference-transaction; do cp evil.sh .git/hooks/$hook; cp evil.sh sub/.git/hooks/$hook; done
      printf '[submodule "m"]\\n\\tpath = m\\n\\turl = ext::sh -c MARKER\\n\\tupdate = !touch MARKER\\n' > .gitmodules; mkdir m; echo 'gitdir: /' > m/.git; echo x > m/file
      echo '* filter=x diff=x' > .gitattributes; echo x > sub/file; echo fine > good.txt`,
    leaves: ['.gitattributes', '.gitmodules', 'evil.sh', 'good.txt', 'm/file', 'sub/file'],
  },
  { id: 'flood', run: 'head -c 10000000000 /dev/zero', fails: ['limit', 'stdout and stderr'] },
  {
    id: 'drip',
    run: `${node('let n = 0; const each = setInterval(() => { fs.writeSync(1, "x"); if (++n === 2000) clearInterval(each) }, 1)')}; echo fine > good.txt`,
    leaves: ['good.txt'],
  },
  {
    id: 'stays',
    run: `setsid sh -c "trap '' TERM HUP INT; while :; do date > stays; sleep 0.1; done; : MARKER" & trap '' TERM HUP INT; sleep 600; sleep 600`,
    more: { timeout: '4s' },
    fails: ['timeout', ''],
  },
  {
    id: 'left',
    run: `(setsid sh -c "trap '' TERM HUP INT QUIT; (sh -c 'while :; do date > left; sleep 0.1; done; : MARKER' &); sleep 600" > /dev/null 2>&1 &); echo fine > good.txt; sleep 1`,
    runsOn: ['sh', 'sleep'],
  },
  {
    id: 'forks',
    run: `sh -c 'i=0; while [ $i -lt 500 ]; do (setsid sh -c "sleep 50; : MARKER" &) ; i=$((i + 1)); done'; sleep 50`,
    more: { limits: { pids: 64 } },
    fails: ['limit', 'pids'],
  },
  { id: 'disk', run: 'head -c 200000000 /dev/zero > big; sleep 50', more: { limits: { disk: '8MiB' } }, fails: ['limit', 'disk'] }, // prettier-ignore
  { id: 'claimed', run: node('fs.ftruncateSync(fs.openSync("big", "w"), 2 ** 40)'), fails: ['limit', '"big"'] },
  {
    id: 'memory',
    run: 'head -c 10000000000 /dev/zero > /tmp/big; sleep 50',
    more: { limits: { memory: '96MiB' } },
    fails: ['limit', 'memory'],
  },
]
