import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { repository, sh, temporary } from './repository.ts'

const dir = temporary()
const program = fileURLToPath(new URL('../bin/seamark-apply.mjs', import.meta.url))
const lines = Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join('')
const base = repository(join(dir, 'base'), { 'a.txt': lines, 'b.bin': Buffer.from([0, 1, 2]), 'c d.txt': 'c\n' })
let n = 0

/** A clone with inputs made by editing other clones. */
function setting(edits: Readonly<Record<string, string>>): {
  clone: string
  apply: (...args: string[]) => { code: number | null; out: string; err: string }
} {
  const root = join(dir, `case-${n++}`)
  const inputs = join(root, 'inputs')
  mkdirSync(inputs, { recursive: true })
  for (const [name, edit] of Object.entries(edits)) {
    mkdirSync(join(inputs, name))
    sh(root, `rm -rf other && git clone -q ${base} other`)
    sh(join(root, 'other'), edit)
    writeFileSync(
      join(inputs, name, 'patch'),
      sh(join(root, 'other'), 'git add -A && git diff --cached --binary --full-index'),
    )
  }
  const clone = join(root, 'clone')
  sh(root, `git clone -q ${base} clone`)
  return {
    clone,
    apply(...args) {
      const env = { PATH: process.env['PATH'] ?? '', SEAMARK_INPUTS: inputs, TMPDIR: root, HOME: root }
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
        cwd: clone,
        env,
        encoding: 'utf8',
      })
      return { code: status, out: stdout, err: stderr }
    },
  }
}

describe('seamark-apply', () => {
  it('applies patches in order, binary, new, deleted and empty ones', () => {
    const { clone, apply } = setting({
      a: 'sed -i "s/line 3$/LINE 3/" a.txt; rm "c d.txt"',
      b: 'sed -i "s/line 5$/LINE 5/" a.txt; printf "\\000\\011" > b.bin; mkdir n; echo 1 > n/x; chmod +x n/x; ln -s nowhere l',
      none: 'true',
    })
    expect(apply('a', 'none', 'b')).toMatchObject({
      code: 0,
      out: 'a: 2 files\nnone: nothing to apply\nb: 4 files\n',
      err: '',
    })
    expect(sh(clone, 'grep LINE a.txt; ls; readlink l; test -x n/x && cat n/x')).toBe(
      'LINE 3\nLINE 5\na.txt\nb.bin\nl\nn\nnowhere\n1\n',
    )
  })

  it('names the conflict and leaves the tree as it was before that patch', () => {
    const { clone, apply } = setting({
      a: 'sed -i "s/line 3$/mine/" a.txt',
      b: 'sed -i "s/line 3$/yours/" a.txt; echo 2 > new',
    })
    const { code, out, err } = apply('a', 'b')
    expect([code, out]).toEqual([1, 'a: 1 file\n'])
    expect(err).toContain('the patch of b does not apply')
    expect(err).toContain('conflict in a.txt')
    expect(err).toContain('a.txt:1')
    expect(sh(clone, 'git status --porcelain; grep mine a.txt; git diff --name-only --diff-filter=U')).toBe(
      ' M a.txt\nmine\n',
    )
  })

  it('names a file that both add', () => {
    const { clone, apply } = setting({ a: 'echo 1 > new', b: 'echo 2 > new' })
    expect(apply('a', 'b')).toMatchObject({ code: 1, err: expect.stringContaining('new') })
    expect(sh(clone, 'cat new')).toBe('1\n')
  })

  it('goes on from changes that the item made', () => {
    const { clone, apply } = setting({ a: 'sed -i "s/line 3$/mine/" a.txt' })
    sh(clone, 'sed -i "s/line 20$/own/" a.txt; echo u > untracked')
    expect(apply('a').code).toBe(0)
    expect(sh(clone, 'grep -c -e mine -e own a.txt; cat untracked')).toBe('2\nu\n')
  })

  it('works in a folder that is no repository', () => {
    const { clone, apply } = setting({ a: 'echo 1 > x' })
    sh(clone, 'rm -rf .git && rm -f *')
    expect(apply('a').code).toBe(0)
    expect(sh(clone, 'cat x; ls -A')).toBe('1\nx\n')
  })

  it('explains itself and refuses what it does not know', () => {
    const { apply } = setting({ a: 'true' })
    expect(apply('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage: seamark-apply INPUT...') })
    for (const args of [[], ['--nope'], ['missing'], ['../a']]) expect(apply(...args).code).toBe(2)
  })
})
