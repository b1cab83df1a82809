"""The one exception tree of annotator. Every message is a sentence: what, where, what to do.

AnnotatorError
├── InvalidInput            the caller sent something wrong; nothing was changed       (HTTP 422)
│   ├── BadPrompt           a point, box or mask of a prompt is not usable
│   ├── BadMask             an RLE or array is not a mask of the expected size
│   └── BadSetting          a setting, option or flag has an unusable value
├── NotFound                a project, image, annotation, category or model is unknown  (HTTP 404)
├── Conflict                it changed since it was read, or it is in use               (HTTP 409)
├── ImageProblem            a file can't be shown as an image; `reason` says why        (HTTP 422)
├── NotAllowed              the person's role does not allow it                         (HTTP 403)
├── SignInFailed            a name and password, or what proves a sign-in, is not good  (HTTP 401)
├── TooMany                 too many tries; again after `retry_after` seconds           (HTTP 429)
├── TooLarge                an upload or a request is over its limit                    (HTTP 413)
├── Busy                    too much is waiting; try again after `retry_after` seconds  (HTTP 503)
├── Superseded              a newer request of the same person took its place           (HTTP 409)
├── ModelProblem            a model can't be loaded or run; the message says the remedy (HTTP 503)
│   └── OutOfMemory         the device has not enough memory left for it
├── StorageProblem          the database or a folder can't be written                   (HTTP 503)
└── ExportFailed            the written file did not agree with the store; it was removed (HTTP 500)
"""

from __future__ import annotations

__all__ = [
    "AnnotatorError",
    "BadMask",
    "BadPrompt",
    "BadSetting",
    "Busy",
    "Conflict",
    "ExportFailed",
    "ImageProblem",
    "InvalidInput",
    "ModelProblem",
    "NotAllowed",
    "NotFound",
    "OutOfMemory",
    "SignInFailed",
    "StorageProblem",
    "Superseded",
    "TooLarge",
    "TooMany",
]


class AnnotatorError(Exception):
    """Root of the tree.

    Args:
        message: a sentence that says what is wrong, where, and what to do.
        field: the dotted path of the offending part of the request (`points.2`), where there is one.
    """

    code = "error"
    status = 500

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidInput(AnnotatorError):
    code = "invalid_input"
    status = 422


class BadPrompt(InvalidInput):
    code = "bad_prompt"


class BadMask(InvalidInput):
    code = "bad_mask"


class BadSetting(InvalidInput):
    code = "bad_setting"


class NotFound(AnnotatorError):
    code = "not_found"
    status = 404


class Conflict(AnnotatorError):
    code = "conflict"
    status = 409


class ImageProblem(AnnotatorError):
    code = "image_problem"
    status = 422


class NotAllowed(AnnotatorError):
    code = "not_allowed"
    status = 403


class SignInFailed(AnnotatorError):
    code = "signed_out"
    status = 401


class TooLarge(AnnotatorError):
    code = "too_large"
    status = 413


class Busy(AnnotatorError):
    code = "busy"
    status = 503

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooMany(Busy):
    code = "too_many"
    status = 429


class Superseded(AnnotatorError):
    code = "superseded"
    status = 409


class ModelProblem(AnnotatorError):
    code = "model_problem"
    status = 503


class OutOfMemory(ModelProblem):
    code = "out_of_memory"


class StorageProblem(AnnotatorError):
    code = "storage_problem"
    status = 503


class ExportFailed(AnnotatorError):
    code = "export_failed"
    status = 500
