import { SeamError, SECRET_NAME } from '@seamark/kit'

/** For a reference that the store knows nothing of. What could be no name is not repeated: it may be a value. */
export function noSuchSecret(ref: string, store: string): SeamError {
  return new SeamError('NOT_FOUND', `There is no secret ${SECRET_NAME.test(ref) ? ref : 'of that name'} in ${store}.`, {
    remedy: 'Look for another name, or set it.',
  })
}
