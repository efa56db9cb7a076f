"""Addresses of pages that show both apps."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
