import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { begin, NODE, runs, until } from '../../apps/server/test/seamark.ts'
import { REPOSITORY } from './planted.ts'

/** The blocks of one language below a heading of the tutorial. */
function blocks(heading: string, language: string): readonly string[] {
  const text = readFileSync(join(REPOSITORY, 'docs/tutorial.md'), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? expect.fail(heading)
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, code = '']) => code,
  )
}

it('does what the tutorial says, by its own commands', { timeout: 600_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-tutorial-'))
  const inTutorial = (name: string) => join(dir, 'tutorial', name)
  const identity = {
    GIT_AUTHOR_NAME: 't',
    GIT_AUTHOR_EMAIL: 't@t',
    GIT_COMMITTER_NAME: 't',
    GIT_COMMITTER_EMAIL: 't@t',
  }
  /** The exit code of a block: that of its last command, or of the first that did not succeed. */
  const run = async (block: string | undefined, cwd = join(dir, 'tutorial')) => {
    const alias = `seamark() { ${NODE.map((word) => `'${word}'`).join(' ')} "$@"; }\n`
    return (await begin(cwd, ['bash', '-ec', alias + (block ?? expect.fail('no block'))], identity).ended).code
  }
  try {
    expect(await run(blocks('1.', 'sh')[0], dir)).toBe(0)
    writeFileSync(inTutorial('plan.yaml'), blocks('2.', 'yaml')[0] ?? '')
    expect(await run('seamark run plan.yaml')).toBe(0)
    expect(await run(blocks('3.', 'sh')[0])).toBe(0)
    expect(readFileSync(inTutorial('src/add.mjs'), 'utf8')).toContain('mul')
    expect(readFileSync(inTutorial('GUIDE.md'), 'utf8')).toContain('mul')
    const [checked, tampered] = blocks('4.', 'sh')
    expect(await run(checked)).toBe(0)
    expect(await run(tampered)).toBe(10)
    const [leaving] = blocks('5.', 'sh')
    // As typed, with time for the service between its first and its second line.
    const [serve, ...then] = (leaving ?? expect.fail('no block')).split('\n')
    const waits = 'until [ -S .seamark/service/socket ]; do kill -0 $!; sleep 0.2; done'
    expect(await run([serve, waits, ...then, 'seamark watch second', 'seamark drain', 'wait "$!"'].join('\n'))).toBe(0)
  } finally {
    await until(() => !runs(dir))
    rmSync(dir, { recursive: true, force: true })
  }
})
