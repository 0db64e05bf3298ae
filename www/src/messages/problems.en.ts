/**
 * What each failure code means and what to do about it, in English.
 *
 * *Invariant:* holds text and nothing else.
 */

export interface ProblemText {
  title: string;
  text: string;
}

/** Reason codes of the key server. */
export const apiProblems: Record<string, ProblemText> = {
  UNREACHABLE: { title: "The key server does not answer", text: "Check that it is still running and that this page has a connection to it, then try again." },
  UNAUTHORIZED_ERR: { title: "You have no access to this", text: "Your session ended or you have no role that allows it. Sign in again, or ask an administrator." },
  HTTP_401: { title: "You have no access to this", text: "Your session ended or you have no role that allows it. Sign in again, or ask an administrator." },
  KEY_NOT_FOUND_ERR: { title: "There is no such key", text: "It may have been erased for ever, or it belongs to another instance." },
  KEY_DELETED_ERR: { title: "This key is deleted", text: "Restore it first. That is possible within 30 days of the deletion." },
  KEY_ACTION_INVALID_STATE_ERR: { title: "The key’s state does not allow this", text: "Somebody may have changed the key meanwhile. Look at its state and try again." },
  KEY_ROTATION_NOT_PERMITTED: { title: "Too early to rotate again", text: "A key can be rotated once an hour. Try again later." },
  KEY_PAYLOAD_REQ_ERR: { title: "New material is needed", text: "This key was imported, so it is rotated with new material that you bring." },
  INVALID_QUERY_PARAM_ERR: { title: "A value was not accepted", text: "Correct it and try again." },
  REQ_TOO_EARLY_ERR: { title: "Too early", text: "30 seconds have to pass after the last change. Wait a moment and try again." },
  KEY_RESTORE_EXPIRED: { title: "This key cannot be restored any more", text: "It was deleted more than 30 days ago." },
  KEY_EXPIRED_ERR: { title: "This key has expired", text: "Its expiration date has passed; that cannot be changed." },
  KEY_ROOT_REQ_ERR: { title: "This needs a root key", text: "The key is a standard key, which cannot do this." },
  INVALID_FIELD_ERR: { title: "A value was not accepted", text: "Correct it and try again." },
  BAD_BODY_ERR: { title: "The request was not understood", text: "Reload the page, then try again." },
  AUTHORIZATIONS_NOT_MET: { title: "A second person has to agree", text: "This key can be deleted only when two managers want it." },
  PROTECTED_RESOURCE_ERR: { title: "The key is in use", text: "Resources are registered on it. Remove those first." },
};

/** The same code as for any parameter, when it is about the material brought to a rotation. */
export const rotatedWithoutMaterial: ProblemText = { title: "This key is rotated without material", text: "The key server made it and makes its next version, too." };

/** For a reason code that is not in the table above. */
export const apiFallback: ProblemText = { title: "The key server refused", text: "" };
export const apiFailed: ProblemText = { title: "The key server failed", text: "Try again. If it happens again, give the request id to whoever runs the server." };
export const apiBusy: ProblemText = { title: "Too many requests", text: "Wait a moment, then try again." };

/** Codes of the npm package `envelock`. */
export const sealProblems: Record<string, ProblemText> = {
  ERR_NOT_AN_ENVELOPE: { title: "This is not a sealed file", text: "It does not begin like one. Choose a file that was sealed with Envelock, usually named “….sealed”." },
  ERR_BASE64_ENVELOPE: { title: "This sealed file is base64 text", text: "Decode it to bytes first, then open the result." },
  ERR_MALFORMED: { title: "This sealed file is damaged", text: "Its header does not follow the format. Use another copy of the file." },
  ERR_SUITE_NOT_ALLOWED: { title: "Sealed in a way this console does not read", text: "The file uses another algorithm suite of the message format." },
  ERR_NON_FRAMED: { title: "Sealed in a way this console does not read", text: "The file’s body is one single block instead of frames." },
  ERR_TRUNCATED: { title: "The end of this file is missing", text: "It was cut off, perhaps by an interrupted copy or download. Nothing was opened. Use a complete copy." },
  ERR_TRAILING_DATA: { title: "Something was added to this file", text: "Bytes follow the end of the sealed content. Nothing was opened. Use an unchanged copy." },
  ERR_FRAME_ORDER: { title: "This file was tampered with or damaged", text: "Its pieces are not in order. Nothing was opened. Use an unchanged copy." },
  ERR_COMMITMENT_MISMATCH: { title: "This file was tampered with or damaged", text: "Its data key is not the one the file commits to. Nothing was opened. Use an unchanged copy." },
  ERR_HEADER_AUTHENTICATION: { title: "This file was tampered with or damaged", text: "Its header was changed after sealing. Nothing was opened. Use an unchanged copy." },
  ERR_FRAME_AUTHENTICATION: { title: "This file was tampered with or damaged", text: "Its content was changed after sealing. Nothing was opened. Use an unchanged copy." },
  ERR_UNWRAP_FAILED: { title: "The data key does not unwrap", text: "It was wrapped under another key, or the file or its context was changed. Nothing was opened." },
  ERR_WRAPPED_KEY_REFUSED: { title: "The data key does not unwrap", text: "It was wrapped under another key, or the file or its context was changed. Nothing was opened." },
  ERR_CONTEXT_MISMATCH: { title: "This is not the file you expected", text: "Its context does not have the pairs you gave. Nothing was opened. Compare them with the context shown above." },
  ERR_TOO_MANY_EDKS: { title: "Too many wrapped data keys", text: "The file lists more of them than is accepted. It may have been made to cause trouble." },
  ERR_FRAME_TOO_LONG: { title: "The frames of this file are too long", text: "They are longer than is accepted. It may have been made to cause trouble." },
  ERR_NO_MATCHING_KEK: { title: "No key of this key server", text: "The file was sealed under another key or elsewhere. Inspect shows which keys its header names." },
  ERR_INVALID_ARGUMENT: { title: "A value was not accepted", text: "Check the context pairs: names and values must be ordinary text, and names must not begin with “aws-crypto-”." },
  ERR_MESSAGE_TOO_LONG: { title: "This file is too large to seal", text: "Split it into smaller files." },
  ERR_TOKEN_CALLBACK: { title: "You are not signed in any more", text: "Sign in again, then repeat this." },
  ERR_ACCESS_DENIED: { title: "You have no access to this key", text: "Your session ended, or your role on the key was taken away. Sign in again, or ask an administrator." },
  ERR_KEY_DISABLED: { title: "The root key is disabled", text: "Nothing sealed under it opens until it is enabled again. The file itself is unharmed." },
  ERR_KEY_DELETED: { title: "The root key is deleted", text: "The file cannot be opened unless the key is restored, which is possible within 30 days of its deletion." },
  ERR_KEY_NOT_FOUND: { title: "The root key does not exist", text: "It was erased for ever, or it belongs to another instance." },
  ERR_NOT_A_ROOT_KEY: { title: "This needs a root key", text: "The key named is a standard key and cannot wrap or unwrap." },
  ERR_RATE_LIMITED: { title: "Too many requests", text: "Wait a moment, then try again." },
  ERR_SERVICE_FAILED: { title: "The key server failed", text: "Try again. If it happens again, give the request id to whoever runs the server." },
  ERR_REQUEST_REFUSED: { title: "The key server refused", text: "It did not accept the request for this data key." },
  ERR_WASM_REFUSED: { title: "WebAssembly is not allowed here", text: "A policy of this page or something before the browser forbids it. Ask whoever runs this console." },
  ERR_WASM_MISSING: { title: "WebAssembly is switched off", text: "The browser's lockdown mode does that. Allow this site, or use another browser." },
  ERR_MODULE_NOT_LOADED: { title: "The encryption module did not load", text: "Reload the page. If it happens again, something between browser and server holds the file back." },
  ERR_UNREACHABLE: { title: "The key server does not answer", text: "Check that it is still running and that this page has a connection to it, then try again." },
  ERR_BAD_REPLY: { title: "An unexpected answer", text: "What answered is not a key server of the expected version. Reload the page, then try again." },
};

export const unreadableFile: ProblemText = { title: "The file could not be read", text: "It may have been moved, changed or locked since you chose it. Choose it again." };
export const outOfMemory: ProblemText = { title: "This file is too large for the browser’s memory", text: "Close other tabs, or seal the file with the package in Node." };
export const unexpected: ProblemText = { title: "Something went wrong in this page", text: "Reload the page, then try again." };
