import { SeamError, systemCode } from '@seamark/kit'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'

/** The function that makes subjects, from a module on this machine, which is run. Errors: `NOT_FOUND`, `INVALID_INPUT`. */
export async function loadSubject(path: string, exported: string): Promise<() => unknown> {
  const file = resolve(path)
  await mustBeFile(file)
  const loaded: unknown = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new SeamError('INVALID_INPUT', `${path} can not be loaded: ${said(error)}`, {
      remedy: 'Load it once with node to see where; it must be an ES module or one that Node takes for that.',
      cause: error,
    })
  })
  const names = typeof loaded === 'object' && loaded !== null ? Object.keys(loaded) : []
  const found: unknown = names.includes(exported) ? Reflect.get(Object(loaded), exported) : undefined
  if (typeof found === 'function') return (): unknown => Reflect.apply(found, undefined, [])
  throw new SeamError('INVALID_INPUT', `${path} exports no function ${exported}.`, {
    remedy: `It exports ${names.length === 0 ? 'nothing' : names.join(', ')}. Name another with --export.`,
  })
}

async function mustBeFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw error
  })
  if (found?.isFile() === true) return
  throw new SeamError('NOT_FOUND', `${file} is no file.`, { remedy: 'Name the file of the module.' })
}

const said = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : inspect(error))
