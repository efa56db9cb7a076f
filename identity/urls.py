"""Addresses of the identity app."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
