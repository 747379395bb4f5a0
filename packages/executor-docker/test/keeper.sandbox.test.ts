import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { judgeFirst } from '@seamark/supervisor'
import { checkKeeper, KEEPER, keeperProgram, keptCommand, makeWatchword } from '../src/keeper.ts'
import { openStreams } from '../src/streams.ts'

const folder = mkdtempSync(join(tmpdir(), 'seamark-keep-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What the keeper told, where it has a watchword. */
  readonly told?: unknown
}

/** Runs a program as in a container: beneath the keeper, which is the first process, as a user without capabilities. */
function kept(
  argv: readonly string[],
  afterMs?: number,
  env: NodeJS.ProcessEnv = process.env,
  own = 0,
): Promise<Ended> {
  const sandbox = [
    ['--unshare-all', '--die-with-parent', '--as-pid-1', '--uid', '4321', '--gid', '4321', '--cap-drop', 'ALL'],
    [
      '--ro-bind',
      '/',
      '/',
      '--dev',
      '/dev',
      '--proc',
      '/proc',
      '--tmpfs',
      '/tmp',
      '--ro-bind',
      keeperProgram(),
      '/tmp/keep',
    ],
    ['--', '/tmp/keep', ...keptCommand({ argv }, afterMs, own).slice(1)],
  ].flat()
  const child = spawn('bwrap', sandbox, { env })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
  // Some programs end without reading it.
  child.stdin.on('error', () => undefined)
  child.stdin.end('sent')
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

const shell = (script: string): string[] => ['sh', '-c', script]

describe('the program', () => {
  it.each([
    [shell('exit 7'), 7],
    [shell('kill -TERM $$'), 128 + 15],
    [shell('kill -KILL $$'), 128 + 9],
    [['/usr/bin/env', 'true'], 0],
    [['no-such-program'], 127],
    [['/etc/passwd'], 126],
  ] as const)('is what ends: %j', async (argv, code) => {
    expect(await kept(argv)).toMatchObject({ code })
  })

  it('has its arguments, environment, input, output and signals, and no child that it did not start', async () => {
    const text =
      'cat; read -r c < /proc/$$/task/$$/children; echo "|$0|$1|$A|$c"; exec grep -E "Sig(Blk|Ign)" /proc/self/status'
    const { stdout } = await kept(['sh', '-c', text, 'a b', ''], 60_000, { ...process.env, A: 'x y' })
    const none = '0000000000000000'
    expect(stdout.trim().split('\n')).toEqual(['sent|a b||x y|', `SigBlk:\t${none}`, `SigIgn:\t${none}`])
  })

  it('is found on PATH as the shell finds it, and the reason is told where it is not', async () => {
    const env = { ...process.env, PATH: '/nowhere::/usr/bin/env:/usr/bin:/bin' }
    expect(await kept(['true'], undefined, env)).toMatchObject({ code: 0 })
    expect((await kept(['absent'], undefined, env)).stderr).toContain('absent')
  })

  it('is a script without a first line that names its shell, as the shell finds it', async () => {
    const script =
      'printf "echo ran \\$1; exit 5" > /tmp/it; chmod 755 /tmp/it; PATH=/tmp; /tmp/keep 0 0 -- it x; echo $?'
    const { stdout } = await kept(shell(script))
    expect(stdout).toBe('ran x\n5\n')
  })

  it('gets the signals that the first process gets', async () => {
    const { stdout, code } = await kept(
      shell('trap "echo got; exit 4" TERM; kill -TERM 1; while :; do sleep 0.05; done'),
    )
    expect([stdout, code]).toEqual(['got\n', 4])
  })

  it('leaves no zombies, and its end is that of all that it started', async () => {
    const script =
      '(setsid sleep 600 &); for i in 1 2 3 4 5; do (true &); done; until ! grep -qs "^State:.Z" /proc/[0-9]*/status; do :; done'
    expect(await kept(shell(script))).toMatchObject({ code: 0 })
  })

  it.each([
    [['x', '0', '--', 'true']],
    [['', '0', '--', 'true']],
    [['-1', '0', '--', 'true']],
    [['1'.repeat(17), '0', '--', 'true']],
    [['5', 'x', '--', 'true']],
    [['5', '0', 'true', 'true']],
    [['5', '0', '--']],
    [['5', '--', 'true']],
    [[]],
  ])('is not started with %j', (argv) => {
    expect(spawnSync(keeperProgram(), argv).status).toBe(125)
  })

  it('is not started with a watchword where it would kill all that it may, or with half of one', async () => {
    const env = { ...process.env, SEAMARK_WATCHWORD: makeWatchword() }
    expect(spawnSync(keeperProgram(), ['0', '0', '--', 'true'], { env }).status).toBe(125)
    expect(await kept(['true'], undefined, { ...env, SEAMARK_WATCHWORD: 'half' })).toMatchObject({ code: 125 })
  })
})

describe('the time', () => {
  it('ends all, whatever its program tries as the same user', async () => {
    const script = `
      trap '' TERM HUP INT TSTP ALRM
      (exec 3<>/proc/1/mem) 2> /dev/null && exit 66
      cat /proc/1/environ > /dev/null 2>&1 && exit 67
      for signal in KILL STOP TSTP ALRM; do kill -s $signal 1; done
      renice -n 19 -p 1 > /dev/null; chrt -i -p 0 1
      for i in 1 2 3 4; do (setsid sh -c 'while :; do kill -s CHLD 1; done' &); done
      echo begun; sleep 600; sleep 600`
    const { code, stdout } = await kept(shell(script), 1000)
    expect([code, stdout]).toEqual([137, 'begun\n'])
  })

  it('that is not reached ends nothing', async () => {
    expect(await kept(shell('sleep 0.1; exit 3'), Number.MAX_SAFE_INTEGER)).toMatchObject({ code: 3 })
  })
})

describe('what it tells at the end', () => {
  /** Runs a program whose keeper has a watchword. */
  async function told(argv: readonly string[], afterMs?: number, own?: number) {
    const watchword = makeWatchword()
    const { code, stdout, stderr } = await kept(argv, afterMs, { ...process.env, SEAMARK_WATCHWORD: watchword }, own)
    const streams = openStreams(watchword)
    const bytes = Buffer.from(stderr, 'latin1')
    const header = Buffer.from([2, 0, 0, 0, 0, 0, 0, 0])
    header.writeUInt32BE(bytes.byteLength, 4)
    const pieces = [...streams.take(Buffer.concat([header, bytes])), ...streams.end()]
    const report = streams.report()
    const own_ = pieces.map((piece) => Buffer.from(piece.bytes).toString('latin1')).join('')
    return { code, stdout, stderr: own_, said: report === undefined ? undefined : judgeFirst(report, ''), watchword }
  }
  const became = (name: string) => `until grep -qsx ${name} /proc/[0-9]*/comm; do :; done`
  const sleeps = `sleep 60 & ${became('sleep')}`
  const left = { processes: 1, names: ['sleep'] }

  it.each([
    ['exit 139', { reason: 'exited', code: 139, left: { processes: 0, names: [] } }],
    ['kill -SEGV $$', { reason: 'signaled', signal: 'SIGSEGV', left: { processes: 0, names: [] } }],
    [`${sleeps}; echo x >&2; exit 3`, { reason: 'exited', code: 3, left }],
    [`(setsid sleep 60 &); ${became('sleep')}; kill -KILL $$`, { reason: 'signaled', signal: 'SIGKILL', left }],
    [`${sleeps}; exec 0<&- 1>&- 2>&-; exit 0`, { reason: 'exited', code: 0, left }],
    [`${sleeps}; kill -STOP -1; exit 0`, { reason: 'exited', code: 0, left }],
  ])('is how the program ended, and what was left: %s', async (script, said) => {
    expect((await told(shell(script))).said).toEqual(said)
  })

  it('is not of the first processes after the program, where these are ours', async () => {
    const script = `sleep 60 & sleep 60 & ${sleeps}; exit 0`
    expect((await told(shell(script), undefined, 2)).said).toMatchObject({ left: { processes: 1 } })
  })

  it.each([
    ['takes bytes of files from the keeper', 'prlimit --pid 1 --fsize=0:0 || exit 9; exit 0', left],
    [
      'takes descriptors from the keeper',
      'prlimit --pid 1 --nofile=0:0 || exit 9; exit 0',
      { processes: 1, names: [] },
    ],
    ['takes memory from the keeper', 'prlimit --pid 1 --as=0:0 --stack=0:0 || exit 9; exit 0', left],
    [
      'makes a full pipe that does not wait of its output',
      `perl -MFcntl -e 'fcntl(STDERR, F_SETPIPE_SZ, 4096); fcntl(STDERR, F_SETFL, O_NONBLOCK | O_WRONLY); 1 while syswrite(STDERR, "x" x 4096)'; exit 0`,
      left,
    ],
  ])('is told of a program that %s', async (_, script, what) => {
    expect((await told(shell(`${sleeps}; ${script}`))).said).toEqual({ reason: 'exited', code: 0, left: what })
  })

  it('is nothing where a program takes all time from the keeper, which the kernel then kills with all others', async () => {
    // It is killed when it is found at work, so it is given some.
    const work = 'n=0; while [ $n -lt 100000 ]; do (true &); n=$((n + 1)); done'
    const { code, said } = await told(shell(`prlimit --pid 1 --cpu=0:0 || exit 9; ${work}; exit 0`))
    expect([code, said]).toEqual([137, undefined])
  })

  it('is read by nobody who takes from the pipe that it goes into', async () => {
    const thieves = `for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'while :; do cat /proc/self/fd/2 > /dev/null; done' &); done`
    for (let round = 0; round < 5; round++)
      expect((await told(shell(`${thieves}; sleep 0.1; exit 0`))).said).toMatchObject({
        code: 0,
        left: expect.anything(),
      })
  })

  it('can not be said by a program, which does not find the watchword', async () => {
    const script = `env; set; cat /proc/self/environ; for at in environ cmdline mem maps auxv stat; do cat /proc/1/$at; done 2>&1; ls -l /proc/1/fd /proc/1/map_files 2>&1; exit 0`
    const { stdout, stderr, watchword } = await told(shell(script))
    expect(stdout).toContain('Permission denied')
    expect(`${stdout}${stderr}`).not.toContain(watchword)
    expect(`${stdout}${stderr}`).not.toContain('SEAMARK_WATCHWORD')
  })

  it('is nothing where its time is over', async () => {
    expect(await told(shell(`${sleeps}; sleep 60`), 500)).toMatchObject({ code: 137, said: undefined })
  })
})

describe('its file', () => {
  it('is refused where it is missing, or not everybody may execute it', async () => {
    const copy = join(folder, 'copy')
    copyFileSync(keeperProgram(), copy)
    expect(await checkKeeper(copy)).toBe(await checkKeeper())
    chmodSync(copy, 0o744)
    for (const path of [copy, join(folder, 'none')])
      await expect(checkKeeper(path)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(() => keeperProgram('mips')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    expect(KEEPER.startsWith('/')).toBe(true)
  })
})
