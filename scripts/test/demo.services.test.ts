import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkoutIn } from './checkout.ts'

// A fresh checkout, in which nothing was installed, and no more than the line that the README has for it.
const root = mkdtempSync(join(tmpdir(), 'seamark-fresh-'))
const inDemo = (name: string): string => join(root, '.seamark/demo', name)
const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim()
let ran: { readonly status: number | null; readonly stdout: string; readonly stderr: string }

beforeAll(() => {
  chmodSync(root, 0o755)
  checkoutIn(root)
  const env = { ...process.env }
  // Vitest's own settings are not those of a user.
  for (const name of Object.keys(env)) if (/^(?:NODE_OPTIONS|VITEST|npm_)/.test(name)) delete env[name]
  ran = spawnSync('npm', ['run', 'demo'], { cwd: root, encoding: 'utf8', env })
}, 600_000)

afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000)

describe('npm run demo in a fresh checkout (with bubblewrap)', () => {
  it('sets itself up, succeeds, and leaves nothing in the checkout that git would see', () => {
    expect(ran.status, ran.stderr + ran.stdout).toBe(0)
    expect(ran.stderr).toContain('Setting up: ')
    expect(git(root, 'status', '--porcelain')).toBe('')
  })

  it('verifies what it kept, finds both forgeries, and shows what was denied', () => {
    expect(ran.stdout.match(/✓ verified/g)).toHaveLength(1)
    expect(ran.stdout.match(/✗ tampered/g)).toHaveLength(2)
    expect(ran.stdout).toContain(`✗ denied     cat ${inDemo('planted-key')}`)
    expect(ran.stdout).toContain('✗ denied     to reach paste.example:443')
    expect(ran.stdout).toContain('✓ nowhere    the planted key')
  })

  it('ends with a line that pushes the branch', () => {
    const line = /^ {2}(git -C \S+ push origin \S+)$/m.exec(ran.stdout)?.[1] ?? expect.fail(ran.stdout)
    execFileSync('sh', ['-ec', line], { cwd: root, stdio: 'pipe' })
    const origin = inDemo('tides.git')
    expect(git(origin, 'diff', '--name-only', 'main', 'seamark/fix')).toBe('src/tide.mjs')
    execFileSync(process.execPath, ['--test'], { cwd: inDemo('tides'), stdio: 'pipe' })
  })

  it('ends with the page report.html, of the agent and what it was denied', () => {
    expect(ran.stdout.indexOf('.seamark/demo/report.html')).toBeGreaterThan(ran.stdout.indexOf('push origin'))
    const page = readFileSync(inDemo('report.html'), 'utf8')
    expect(page).toMatch(/badge s-succeeded">\s*verified\s*</)
    for (const text of [inDemo('planted-key'), 'paste.example:443', 'tool.denied', 'egress.decided'])
      expect(page).toContain(text)
    expect(page).not.toContain(readFileSync(inDemo('planted-key'), 'utf8').trim())
  })
})
