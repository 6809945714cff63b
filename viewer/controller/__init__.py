"""The controller: connects the session, the runners and a view. Its parts share one desk."""

from viewer.controller.controller import Controller

__all__ = ["Controller"]
