"""Builds, animates and renders a Vision Cell scene inside Blender. Entry: ../visioncell_scene.py."""
