import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PROGRAMS } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

const serve = realServices()
const beacon = `beacon-${randomBytes(8).toString('hex')}`
const SKILL = `---\nname: metres\ndescription: How lengths are written.\n---\nRead table.txt beside this file.\n`
const FOLDER = '/home/agent/.seamark/skills/metres'

it.each(PROGRAMS.filter(({ name }) => name.endsWith('-acp')))(
  '$name is told of the skills of its agent, and reads them (as root, with bubblewrap)',
  { timeout: 600_000 },
  async (program) => {
    const { run, read, edit } = program
    const line = `- metres: How lengths are written. (${FOLDER}/SKILL.md)`
    const service = await serve({
      script: {
        turns: [
          { expect: { anywhere: [line, 'Make the tests pass.'] }, answer: [run(`cat ${FOLDER}/SKILL.md`)] },
          { expect: { result: { contains: 'Read table.txt' } }, answer: [run(`cat ${FOLDER}/table.txt`)] },
          { expect: { result: { contains: beacon } }, answer: [read('tide.mjs')] },
          { answer: [edit(...CHANGES.tide)] },
          { answer: 'It is done.' },
        ],
      },
    })
    mkdirSync(join(service.dir, 'surveyor/skills/metres'), { recursive: true })
    service.write('surveyor/agent.yaml', 'name: surveyor\nversion: 1\n')
    service.write('surveyor/skills/metres/SKILL.md', SKILL)
    service.write('surveyor/skills/metres/table.txt', `${beacon}\n`)
    await service.told('agent', 'push', 'surveyor')
    const ran = await service.run('skilled', [itemFor(program, { agent: 'surveyor@1' })])
    expect(ran.code, ran.err + ran.out).toBe(0)
    expect(service.model.problems()).toEqual([])
    expect(await service.told('patch', 'skilled', 'fix')).toBe(patchTo(service, { 'tide.mjs': WANTED['tide.mjs'] }))
    const sha256 = createHash('sha256').update(SKILL).digest('hex')
    expect(ran.dataOf('item.launched')).toMatchObject([
      { agent: { name: 'surveyor', version: 1, instructions: [{ path: 'skills/metres/SKILL.md', sha256 }] } },
    ])
  },
)
