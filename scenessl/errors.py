"""The one exception for mistakes that a user can mend."""


class UserError(Exception):
    """A mistake of the user's; the message names the file, key or image and the way out."""
