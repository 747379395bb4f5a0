import { existsSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { supervisorProblem } from '../src/index.ts'
import { layoutOf } from '../src/paths.ts'
import { testExecutor } from './support/executor.ts'
import { idOf, shell, temporaryFolder } from './support/world.ts'

describe('where there is no /proc', () => {
  it('no supervisor can run, and it says so', () => {
    expect(supervisorProblem('linux')).toBeUndefined()
    for (const platform of ['darwin', 'win32', 'freebsd'] as const)
      expect(supervisorProblem(platform)).toMatchObject({ code: 'UNSUPPORTED', remedy: expect.any(String) })
  })

  it('an executor is unavailable, and its launches are refused before anything is made', async () => {
    const dir = temporaryFolder()
    const executor = testExecutor(dir)
    expect(await executor.unavailable?.()).toBeUndefined()
    const own = process.platform
    Object.defineProperty(process, 'platform', { value: 'darwin' })
    onTestFinished(() => void Object.defineProperty(process, 'platform', { value: own }))
    expect(await executor.unavailable?.()).toMatchObject({ code: 'UNSUPPORTED' })
    await expect(executor.launch(idOf('one'), shell('true'))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(existsSync(layoutOf(dir).folder)).toBe(false)
    await executor.close?.()
  })
})
