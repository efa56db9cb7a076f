"""Addresses of the sync app."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
