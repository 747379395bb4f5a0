import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonLines as lines } from '@seamark/testing'
import { expect, it } from 'vitest'
import { hear, program } from './said.ts'

it('a program that is not there, or is another one, is said with the line that installs one of its range', async () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  expect([manifest.peerDependencies, manifest.peerDependenciesMeta]).toEqual([
    { '@openai/codex': '0.163.0' },
    { '@openai/codex': { optional: true } },
  ])
  const install = expect.stringContaining('npm install --global @openai/codex@0.163.0')
  for (const said of [lines('{"seamark":"program-missing"}'), lines(program.hello('0.162.9'))])
    expect((await hear(said)).events.at(-1)).toMatchObject({ type: 'turn-end', detail: install })
})
